// SPDX-License-Identifier: GPL-2.0-or-later
// Getting a template from elsewhere: nothing of it is unpacked or kept under its name before its checksum and
// its OpenPGP signature are found good.
#pragma once

#include "vz/templates/store.hpp"

#include <string>
#include <vector>

namespace vz::templates {

enum class Signature { required, none };

struct FetchRequest {
    std::string url;    // http, https or file; its last component names the template unless `name` does
    std::string name;   // "" from the url; never from the server's answer
    std::string sha256; // "" from URL.sha256
    Signature signature = Signature::required; // from URL.asc, URL.sig or URL.gpg
    std::vector<std::string> keyrings;         // files of trusted keys in binary form
};

// Continues an interrupted download. Errc::bad_template for a wrong checksum or signature: the file is
// removed.
Result<Template> fetch(const Store& store, const FetchRequest& request, Reporter& reporter);

// The digest for `file` in the text of sha256sum(1), or a digest alone. Errc::bad_template if there is none.
Result<std::string> digest_in(std::string_view text, std::string_view file);

// All *.gpg files of a folder, which need not exist.
Result<std::vector<std::string>> keyrings_in(const std::string& folder);

} // namespace vz::templates

// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/templates/fetch.hpp"

#include "http.hpp"

#include "vz/archive/digest.hpp"
#include "vz/base/digest_text.hpp"
#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/process.hpp"
#include "vz/templates/name.hpp"
#include "vz/templates/sources.hpp"

#include <array>
#include <ctime>
#include <unistd.h>

namespace vz::templates {

namespace {

constexpr std::size_t k_max_checksum = 1 << 20;
constexpr std::size_t k_max_signature = 1 << 20;

Result<std::string> name_of(const FetchRequest& request) {
    if (!request.name.empty()) {
        if (!is_template_name(request.name))
            return fail(Errc::bad_value, "'{}' is not a template name", text::printable(request.name));
        return request.name;
    }
    const auto name = name_of_archive(last_component(request.url));
    if (!name)
        return fail(Errc::bad_value,
                    "{}: does not end in the name of a template archive; give a name with --name",
                    shown_uri(request.url));
    return *name;
}

Result<std::string> expected_digest(const FetchRequest& request) {
    if (!request.sha256.empty()) {
        const auto digest = text::lower(request.sha256);
        return text::is_sha256(digest)
                   ? Result<std::string>(digest)
                   : fail(Errc::bad_value, "not a sha256: {}", text::printable(request.sha256));
    }
    const auto url = request.url + ".sha256";
    VZ_ASSIGN(const auto text, http_get(url, k_max_checksum));
    if (!text)
        return fail(Errc::failed, "{} is not there; give the checksum with --sha256", shown_uri(url));
    return digest_in(*text, last_component(request.url)).context(shown_uri(url));
}

Result<std::string> signature_of(const std::string& url) {
    for (const char* suffix : {".asc", ".sig", ".gpg"}) {
        VZ_ASSIGN(auto text, http_get(url + suffix, k_max_signature));
        if (text)
            return *std::move(text);
    }
    return fail(Errc::failed,
                "{}: no signature beside it (.asc, .sig, .gpg); --no-signature trusts the checksum alone",
                shown_uri(url));
}

// gpgv and sqv take the same three things; either is on every Debian, as apt needs one of them.
sys::Command verifier(const std::vector<std::string>& keyrings, const std::string& signature,
                      const std::string& file) {
    const bool has_gpgv = ::access("/usr/bin/gpgv", X_OK) == 0;
    std::vector<std::string> argv{has_gpgv ? "gpgv" : "sqv"};
    for (const auto& keyring : keyrings) {
        argv.emplace_back("--keyring");
        argv.push_back(keyring);
    }
    argv.push_back(signature);
    argv.push_back(file);
    return sys::Command(std::move(argv));
}

Result<void> check_signature(const FetchRequest& request, const std::string& signature,
                             const std::string& file) {
    const auto path = file + ".sig";
    VZ_TRY(sys::write_file_atomic(path, signature, 0600));
    Cleanup undo([&] { ::unlink(path.c_str()); });
    VZ_ASSIGN(const auto exited, sys::run(verifier(request.keyrings, path, file)));
    if (exited.status == 0)
        return {};
    const auto lines = text::split(text::trim(exited.err), '\n');
    return fail(Errc::bad_template, "{}: the signature is not good ({})", shown_uri(request.url),
                text::printable(lines.back()));
}

Result<void> check_download(const FetchRequest& request, const std::string& digest,
                            const std::string& signature, const std::string& file, Reporter& reporter) {
    VZ_ASSIGN(const auto have, archive::sha256_of_file(file, reporter));
    if (have != digest)
        return fail(Errc::bad_template, "{}: sha256 is {}, not {}", shown_uri(request.url), have, digest);
    return request.signature == Signature::none ? Result<void>() : check_signature(request, signature, file);
}

std::optional<Template> already_there(const Store& store, const std::string& name,
                                      const std::string& digest) {
    const auto found = store.find(name);
    return found && found->sha256 == digest ? std::optional(*found) : std::nullopt;
}

} // namespace

Result<std::string> digest_in(std::string_view text, std::string_view file) {
    for (const auto& line : text::split(text, '\n')) {
        const auto words = text::words(line);
        if (words.empty() || !text::is_sha256(text::lower(words[0])))
            continue;
        // "DIGEST", "DIGEST  name" or "DIGEST *dir/name"
        const std::string second = words.size() > 1 ? words[1] : "";
        auto name = std::string_view(second);
        if (!name.empty() && name.front() == '*')
            name.remove_prefix(1);
        if (const auto slash = name.rfind('/'); slash != std::string_view::npos)
            name.remove_prefix(slash + 1);
        if (name.empty() || name == file)
            return text::lower(words[0]);
    }
    return fail(Errc::bad_template, "no sha256 of {} in it", text::printable(file));
}

Result<std::vector<std::string>> keyrings_in(const std::string& folder) {
    std::vector<std::string> out;
    if (!sys::exists(folder))
        return out;
    VZ_ASSIGN(const auto dir, sys::Dir::open(folder));
    VZ_ASSIGN(const auto names, dir.list());
    for (const auto& name : names)
        if (text::matches_glob("*.gpg", name))
            out.push_back(folder + "/" + name);
    return out;
}

Result<Template> fetch(const Store& store, const FetchRequest& request, Reporter& reporter) {
    VZ_ASSIGN(const auto name, name_of(request));
    if (request.signature == Signature::required && request.keyrings.empty())
        return fail(Errc::failed,
                    "no keys to check the signature with; put one into /etc/vz/keyrings/*.gpg or name it "
                    "with --keyring");
    VZ_ASSIGN(const auto digest, expected_digest(request));
    VZ_ASSIGN(const auto lock, store.lock(name));
    if (auto found = already_there(store, name, digest)) {
        reporter.info(format("{} is here already", name));
        return *std::move(found);
    }
    std::string signature;
    if (request.signature == Signature::required) {
        VZ_ASSIGN(signature, signature_of(request.url));
    }
    const auto part = store.part_path(name);
    VZ_TRY(http_download({request.url, part}, reporter));
    Cleanup remove([&] { ::unlink(part.c_str()); }); // bad, or renamed and no longer there
    VZ_TRY(check_download(request, digest, signature, part, reporter));
    Manifest manifest;
    manifest.name = name;
    manifest.origin = "fetch " + shown_uri(request.url).substr(0, 2000);
    manifest.date = ::time(nullptr);
    return store.publish(std::move(manifest), reporter);
}

} // namespace vz::templates

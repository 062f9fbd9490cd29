// SPDX-License-Identifier: GPL-2.0-or-later
// Manifests, recipes, apt sources, Release files and member names as foreign archives and servers write them.
#include "vz/archive/member.hpp"
#include "vz/base/text.hpp"
#include "vz/templates/clean.hpp"
#include "vz/templates/fetch.hpp"
#include "vz/templates/manifest.hpp"
#include "vz/templates/name.hpp"
#include "vz/templates/recipe.hpp"
#include "vz/templates/sources.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace vz;

namespace {

void must(bool condition) {
    if (!condition)
        std::abort();
}

void manifest(std::string_view text) {
    const auto parsed = templates::parse_manifest(text);
    if (!parsed)
        return;
    must(templates::is_template_name(parsed->name) && !text::has_control(parsed->suite));
    const auto again = templates::parse_manifest(templates::manifest_text(*parsed));
    must(again && again->packages == parsed->packages && again->sha256 == parsed->sha256);
}

void recipe(std::string_view text) {
    const auto parsed = templates::parse_recipe("fuzz", text, [](const std::string&) -> Result<std::string> {
        return std::string("SUITE=trixie\nDISTRIBUTION=debian\nARCHITECTURE=amd64\nCOMPONENTS=main\n");
    });
    if (!parsed)
        return;
    for (const auto& package : parsed->packages)
        must(package.find_first_of(",; \n/") == std::string::npos && package[0] != '-');
}

// One member a line: type, path, link target, separated by tabs. What is kept cannot lead out.
void members(std::string_view text) {
    archive::MemberCheck check(10000);
    for (const auto& line : text::split(text, '\n')) {
        const auto fields = text::split(line, '\t');
        if (fields.size() < 3 || fields[0].empty())
            continue;
        archive::Member member;
        member.type = static_cast<archive::MemberType>(fields[0][0] % 9);
        member.path = fields[1];
        member.link = fields[2];
        if (!check.admit(member))
            return;
        must(member.path.empty() || member.path[0] != '/');
        for (const auto& part : text::split(member.path, '/'))
            must(part != ".." && part != ".");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 5) {
    case 0:
        manifest(text);
        break;
    case 1:
        recipe(text);
        break;
    case 2:
        members(text);
        break;
    case 3:
        (void)templates::parse_one_line(text);
        (void)templates::deb822_text(templates::parse_deb822(text));
        (void)templates::release_date(text);
        break;
    default:
        (void)templates::digest_in(text, "x.tar.zst");
        (void)templates::parse_dpkg_status(text);
        (void)templates::cleaned_shadow(text, 0);
    }
    return 0;
}

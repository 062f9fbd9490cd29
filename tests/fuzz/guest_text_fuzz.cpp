// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes as a guest's hosts, resolv.conf, passwd, shadow, group, login.defs and os-release: no crash, and
// what the edits promise holds.
#include "vz/base/text.hpp"
#include "vz/guest/accounts_text.hpp"
#include "vz/guest/identity_text.hpp"
#include "vz/guest/init.hpp"
#include "vz/guest/users.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace vz::guest;

namespace {

void require(bool promise) {
    if (!promise)
        std::abort();
}

void hosts(std::string_view input) {
    for (const auto& addresses : {std::vector<std::string>{}, {"10.0.0.5", "2001:db8::5"}}) {
        const auto once = edit_hosts(input, "web.example.org", addresses);
        require(edit_hosts(once, "web.example.org", addresses) == once);
    }
}

void resolver(std::string_view input) {
    for (const auto empty : {Empty::keep, Empty::clear}) {
        const auto once = edit_resolver(input, {"10.0.0.1"}, {"example.org"}, empty);
        require(edit_resolver(once, {"10.0.0.1"}, {"example.org"}, empty) == once);
    }
}

void accounts(std::string_view input) {
    const auto changed = with_shadow_password(input, "root", "$6$hash", 20000);
    require(entry_field(changed, "root", 1) == "$6$hash" && entry_field(changed, "root", 8));
    require(with_shadow_password(changed, "root", "$6$hash", 20000) == changed);
    // The file as passwd and as group: half of it each, so that both differ.
    const auto middle = input.size() / 2;
    if (const auto ids = choose_ids(input.substr(0, middle), input.substr(middle), "joe"))
        require(ids->uid >= 1000 && ids->uid < 60000 && ids->gid >= 1000 && ids->gid < 60000);
    crypt_prefix(input);
}

void names(std::string_view input) {
    require(!valid_hostname(input) || (!vz::text::has_control(input) && input.size() <= 64));
    require(!valid_domain(input) || !vz::text::has_control(input));
    require(!valid_address(input) || !vz::text::has_control(input));
    require(!valid_user_name(input) || input.find(':') == input.npos);
    require(!valid_password(input, Hashing::crypted) || input.find_first_of(": \n") == input.npos);
}

void release(std::string_view input) {
    const auto found = parse_os_release(input);
    for (const auto& value : {found.id, found.version_id, found.codename, found.pretty_name})
        require(!vz::text::has_control(value));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    hosts(input);
    resolver(input);
    accounts(input);
    names(input);
    release(input);
    return 0;
}

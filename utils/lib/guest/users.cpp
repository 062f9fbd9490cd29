// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/guest/users.hpp"

#include "entry.hpp"
#include "hash.hpp"
#include "home.hpp"
#include "vz/base/text.hpp"
#include "vz/guest/accounts_text.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <thread>

namespace vz::guest {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_max_accounts = 4 << 20;
constexpr auto k_lock_patience = 3s;
constexpr std::int64_t k_seconds_a_day = 86400;

// One of the account files: where it is and what it says.
struct Table {
    Entry entry;
    std::string text;

    bool present() const { return entry.exists(); }
};

struct Accounts {
    Table passwd;
    Table shadow;
    Table group;
    Table gshadow;
};

Result<Table> load_table(const sys::Dir& etc, const char* name) {
    VZ_ASSIGN(auto entry, Entry::look(etc, name));
    std::string text;
    if (entry.exists()) {
        VZ_ASSIGN(text, entry.read(k_max_accounts));
    }
    return Table{std::move(entry), std::move(text)};
}

Result<Accounts> load_accounts(const sys::Dir& etc) {
    VZ_ASSIGN(auto passwd, load_table(etc, "passwd"));
    VZ_ASSIGN(auto shadow, load_table(etc, "shadow"));
    VZ_ASSIGN(auto group, load_table(etc, "group"));
    VZ_ASSIGN(auto gshadow, load_table(etc, "gshadow"));
    if (!passwd.present())
        return fail(Errc::password, "no /etc/passwd in the container");
    return Accounts{std::move(passwd), std::move(shadow), std::move(group), std::move(gshadow)};
}

Result<void> store(Table& table, std::string text) {
    if (table.present() && table.text == text)
        return {};
    table.text = std::move(text);
    return table.entry.replace(table.text);
}

Result<sys::Fd> open_lock(const sys::Dir& etc) {
    VZ_ASSIGN(const auto entry, Entry::look(etc, ".pwd.lock"));
    return entry.exists() ? entry.open_for_lock()
                          : etc.open_at(".pwd.lock", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
}

// The lock of lckpwdf(3), which passwd(1), useradd(8) and systemd-sysusers(8) inside the guest take as well.
Result<sys::Fd> lock_accounts(const sys::Dir& etc) {
    VZ_ASSIGN(auto fd, open_lock(etc));
    struct flock request {};
    request.l_type = F_WRLCK;
    request.l_whence = SEEK_SET;
    const auto deadline = std::chrono::steady_clock::now() + k_lock_patience;
    while (::fcntl(fd.get(), F_OFD_SETLK, &request) != 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return sys_fail(errno, Errc::password, "lock .pwd.lock");
        if (std::chrono::steady_clock::now() >= deadline)
            return fail(Errc::password, "a program inside holds .pwd.lock; try again when it has ended");
        std::this_thread::sleep_for(20ms);
    }
    return fd;
}

Result<std::string> hash_for(const sys::Dir& root, const std::string& password) {
    const auto login_defs = root.read_file("etc/login.defs");
    return hash_password(password, crypt_prefix(login_defs ? login_defs->value_or("") : ""));
}

std::string shell_of(const sys::Dir& root) {
    const auto bash = root.stat_following("bin/bash");
    return bash && *bash && S_ISREG((*bash)->st_mode) ? "/bin/bash" : "/bin/sh";
}

std::int64_t today() {
    return std::time(nullptr) / k_seconds_a_day;
}

// `passwd` is the new text of that file, with the user in it; it is written last.
Result<void> store_password(Accounts& accounts, const std::string& passwd, const std::string& user,
                            const std::string& hash) {
    if (!accounts.shadow.present())
        return store(accounts.passwd, with_field(passwd, user, 1, hash));
    VZ_TRY(store(accounts.shadow, with_shadow_password(accounts.shadow.text, user, hash, today())));
    // Anything but "x" in passwd would win over shadow.
    return store(accounts.passwd, with_field(passwd, user, 1, "x"));
}

Result<void> add_group(Accounts& accounts, const std::string& user, const NewIds& ids) {
    if (accounts.gshadow.present() && !has_entry(accounts.gshadow.text, user))
        VZ_TRY(store(accounts.gshadow, with_line(accounts.gshadow.text, user + ":!::")));
    if (ids.group_exists)
        return {};
    return store(accounts.group, with_line(accounts.group.text, format("{}:x:{}:", user, ids.gid)));
}

// The entry in passwd comes last: until then nobody sees a user, and the next call starts over.
Result<void> add_user(const sys::Dir& root, Accounts& accounts, const std::string& user,
                      const std::string& hash) {
    const auto ids = choose_ids(accounts.passwd.text, accounts.group.text, user);
    if (!ids)
        return fail(Errc::password, "no free user id, or a group \"{}\" exists: make the user inside", user);
    VZ_TRY(make_home(root, user, {ids->uid, ids->gid}));
    VZ_TRY(add_group(accounts, user, *ids));
    const std::string line = format("{0}:x:{1}:{2}::/home/{0}:{3}", user, ids->uid, ids->gid, shell_of(root));
    return store_password(accounts, with_line(accounts.passwd.text, line), user, hash);
}

Result<void> edit_accounts(const sys::Dir& root, const std::string& user, const std::string& hash) {
    VZ_ASSIGN(const auto etc, root.sub("etc"));
    VZ_ASSIGN(const auto lock, lock_accounts(etc));
    VZ_ASSIGN(auto accounts, load_accounts(etc));
    return has_entry(accounts.passwd.text, user) ? store_password(accounts, accounts.passwd.text, user, hash)
                                                 : add_user(root, accounts, user, hash);
}

} // namespace

bool valid_user_name(std::string_view name) {
    if (name.size() > 32)
        return false;
    if (name.ends_with('$'))
        name.remove_suffix(1);
    const auto first = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    const auto inner = [&](char c) { return first(c) || (c >= '0' && c <= '9') || c == '-'; };
    return !name.empty() && first(name[0]) && std::all_of(name.begin(), name.end(), inner);
}

bool valid_password(std::string_view password, Hashing hashing) {
    if (password.empty() || password.size() > 511 || text::has_control(password))
        return false;
    const auto shadow_character = [](char c) { return c > ' ' && c < 0x7f && c != ':'; };
    return hashing == Hashing::clear || std::all_of(password.begin(), password.end(), shadow_character);
}

Result<void> set_password(const sys::Dir& root, const std::string& user, const std::string& password,
                          Hashing hashing) {
    if (!valid_user_name(user))
        return fail(Errc::bad_value, "not a user name: {}", text::printable(user));
    if (!valid_password(password, hashing))
        return fail(Errc::bad_value, "user {}: the password is empty, too long or holds bytes it may not",
                    user);
    auto hash = hashing == Hashing::clear ? hash_for(root, password) : Result<std::string>(password);
    if (!hash)
        return std::move(hash).error();
    auto done = edit_accounts(root, user, *hash);
    wipe(*hash);
    return std::move(done).context(format("password of {}: container's /etc", user)).as(Errc::password);
}

void wipe(std::string& secret) {
    ::explicit_bzero(secret.data(), secret.size());
    secret.clear();
}

} // namespace vz::guest

// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/view.hpp"

#include "met_entry.hpp"
#include "walk.hpp"

#include "vz/archive/digest.hpp"
#include "vz/base/text.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace vz::backup {

namespace {

class Looker {
public:
    Looker(const NowRequest& request, const Layer* tree) : m_request(request), m_tree(tree) {}

    Result<void> take(const Met& met) {
        const auto type = type_of(met);
        if (!type || *type == Type::removed)
            return {};
        Entry entry;
        entry.path = met.path;
        entry.type = *type;
        take_stat(entry, met.st, met);
        VZ_ASSIGN(const bool there, look(entry, met));
        auto path = entry.path;
        if (there)
            m_view.insert_or_assign(std::move(path), std::move(entry));
        return {};
    }

    View view() { return std::move(m_view); }

private:
    // The same file, not touched since.
    bool is_unchanged(const Entry& then, const Entry& now, const Met& met) const {
        if (then.type != now.type || then.unsettled || then.size != now.size || !(then.mtime == now.mtime))
            return false;
        if (then.inode == 0) // of the template
            return m_request.same_template && is_of_tree(met);
        return then.inode == now.inode && then.ctime == now.ctime;
    }

    bool is_of_tree(const Met& met) const { return m_tree != nullptr && met.layer == m_tree; }

    // False: gone meanwhile.
    Result<bool> look(Entry& now, const Met& met) {
        const auto found = m_request.then.find(now.path);
        const auto* then = found == m_request.then.end() ? nullptr : &found->second;
        if (then && is_unchanged(*then, now, met)) {
            now.attributes = then->attributes;
            now.sha256 = then->sha256;
            now.link = then->link;
            return true;
        }
        if (now.type == Type::symlink) {
            auto link = read_link(met);
            if (!link)
                return false;
            now.link = *std::move(link);
            return true;
        }
        if (now.type != Type::file && now.type != Type::folder)
            return true;
        const auto fd = open_met(met, now.type == Type::folder ? O_DIRECTORY : 0);
        if (!fd)
            return errno == ENOENT || errno == ELOOP || errno == ENXIO || errno == ENOTDIR
                       ? Result<bool>(false)
                       : sys_fail(errno, Errc::failed, "open");
        VZ_ASSIGN(now.attributes, attributes_of(fd, met));
        // What is new, or of another size, differs whatever is in it.
        if (now.type == Type::file && then && then->type == Type::file && then->size == now.size &&
            now.size > 0) {
            VZ_ASSIGN(now.sha256, digest_of(fd));
        }
        return true;
    }

    Result<std::string> digest_of(const sys::Fd& fd) {
        archive::Sha256 sum;
        for (;;) {
            const auto n = ::read(fd.get(), m_buffer.data(), m_buffer.size());
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return sys_fail(errno, Errc::failed, "read");
            if (n == 0)
                return sum.hex();
            sum.update(std::string_view(m_buffer.data(), static_cast<std::size_t>(n)));
            m_read += static_cast<std::uint64_t>(n);
            m_request.out.progress("compare", m_read, 0);
        }
    }

    const NowRequest& m_request;
    const Layer* m_tree;
    View m_view;
    std::string m_buffer = std::string(1 << 20, '\0');
    std::uint64_t m_read = 0;
};

Result<Layer> copy_of(const Layer& layer) {
    VZ_ASSIGN(auto root, layer.root.sub("."));
    return Layer{std::move(root), layer.owners};
}

// The same, with the template as one more layer below.
Result<Source> whole(const NowRequest& request) {
    Source out;
    out.overlay = request.source.overlay;
    out.joined = request.source.joined;
    for (const auto& layer : request.source.layers) {
        VZ_ASSIGN(auto copy, copy_of(layer));
        out.layers.push_back(std::move(copy));
    }
    if (request.lies_on) {
        VZ_ASSIGN(auto copy, copy_of(*request.lies_on));
        out.layers.push_back(std::move(copy));
    }
    if (request.source.index) {
        VZ_ASSIGN(out.index, copy_of(*request.source.index));
    }
    return out;
}

} // namespace

Result<View> view_now(const NowRequest& request) {
    VZ_ASSIGN(const auto source, whole(request));
    Looker looker(request, request.lies_on ? &source.layers.back() : nullptr);
    const auto done = walk({source,
                            [&](const Met& met) -> Result<Descend> {
                                VZ_TRY(looker.take(met).context("/" + text::printable(met.path)));
                                return Descend::yes;
                            },
                            [&](const std::string& path, const std::string& why) {
                                request.out.warning(format("/{}: left out: {}", text::printable(path), why));
                            }});
    request.out.progress_done();
    VZ_TRY(done);
    return looker.view();
}

} // namespace vz::backup

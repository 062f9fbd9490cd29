// SPDX-License-Identifier: GPL-2.0-or-later
#include "modules.hpp"

#include <libkmod.h>

#include <memory>

namespace vz::kernel {

namespace {

struct Unref {
    void operator()(kmod_ctx* ctx) const { kmod_unref(ctx); }
    void operator()(kmod_module* module) const { kmod_module_unref(module); }
    void operator()(kmod_list* list) const { kmod_module_unref_list(list); }
};

Presence presence_of(kmod_module* module) {
    switch (kmod_module_get_initstate(module)) {
    case KMOD_MODULE_BUILTIN:
    case KMOD_MODULE_LIVE:
    case KMOD_MODULE_COMING:
        return Presence::there;
    default:
        return kmod_module_get_path(module) ? Presence::loadable : Presence::unknown;
    }
}

} // namespace

Presence module_presence(const char* name) {
    const char* const no_configuration = nullptr;
    std::unique_ptr<kmod_ctx, Unref> ctx(kmod_new(nullptr, &no_configuration));
    if (!ctx)
        return Presence::unknown;
    kmod_set_log_fn(
        ctx.get(), [](void*, int, const char*, int, const char*, const char*, va_list) {}, nullptr);
    kmod_list* found = nullptr;
    if (kmod_module_new_from_lookup(ctx.get(), name, &found) < 0 || !found)
        return Presence::unknown;
    std::unique_ptr<kmod_list, Unref> list(found);
    std::unique_ptr<kmod_module, Unref> module(kmod_module_get_module(found));
    return presence_of(module.get());
}

} // namespace vz::kernel

// SPDX-License-Identifier: GPL-2.0-or-later
#include "fields.hpp"

#include "configured.hpp"
#include "counted_fields.hpp"
#include "vz/base/text.hpp"
#include "vz/base/units.hpp"

#include <algorithm>

namespace vz::vzlist {

namespace {

using cli::Align;
using ops::Listed;

Field text_field(const char* name, const char* header, int width, std::string_view key,
                 Align align = Align::left) {
    return {{name, header, width, align, ""},
            [key](const Listed& listed) { return value_of(configured(listed, key)); },
            {},
            {}};
}

Field list_field(const char* name, const char* header, std::string_view key) {
    return {{name, header, 15, Align::left, ""},
            [key](const Listed& listed) { return Value(text::words(configured(listed, key))); },
            {},
            {}};
}

Field addresses() {
    return {{"ip", "IP_ADDR", 15, Align::left, ""},
            [](const Listed& listed) {
                return Value(listed.conf ? listed.conf->addresses() : std::vector<std::string>{});
            },
            {},
            {}};
}

Field path_field(const char* name, const char* header, std::string Listed::*path) {
    return {{name, header, 32, Align::left, ""},
            [path](const Listed& listed) { return value_of(listed.*path); },
            {},
            {}};
}

std::string own_name(const Listed& listed) {
    return listed.conf ? listed.conf->name() : "";
}

Field name() {
    return {{"name", "NAME", 32, Align::left, ""},
            [](const Listed& listed) { return value_of(own_name(listed)); },
            {},
            {}};
}

Field smart_name() {
    return {{"smart_name", "SMARTNAME", 10, Align::right, ""},
            [](const Listed& listed) {
                const auto name = own_name(listed);
                return Value(name.empty() ? listed.ctid.text() : name);
            },
            {},
            {}};
}

Field layout() {
    return {{"layout", "LAYOUT", 7, Align::left, ""},
            [](const Listed& listed) {
                return listed.conf ? Value(std::string(config::layout_name(listed.conf->layout()))) : Value();
            },
            {},
            {}};
}

// "nfs:on sit:off" → {"nfs": true, "sit": false}; the line shows what is on.
Field features() {
    return {{"features", "FEATURES", 15, Align::left, ""},
            [](const Listed& listed) {
                std::vector<std::string> on;
                for (const auto& feature : text::words(configured(listed, "FEATURES")))
                    if (text::split(feature, ':').back() == "on")
                        on.push_back(feature.substr(0, feature.find(':')));
                return value_of(text::join(on, ","));
            },
            [](const Listed& listed) {
                Json out = Json::Object{};
                for (const auto& feature : text::words(configured(listed, "FEATURES")))
                    out.set(feature.substr(0, feature.find(':')), text::split(feature, ':').back() == "on");
                return out;
            },
            {}};
}

Field ctid(const char* name) {
    return {{name, "CTID", 10, Align::right, ""},
            [](const Listed& listed) { return Value(std::uint64_t{listed.ctid.value()}); },
            {},
            {}};
}

Field number_field(const char* name, const char* header, int width, std::string_view key) {
    return {{name, header, width, Align::right, ""},
            [key](const Listed& listed) { return value_of(text::to_uint(configured(listed, key))); },
            {},
            {}};
}

// Programs that count on a number get 0 for "not set".
Field number_or_zero(const char* name, const char* header, int width, std::string_view key) {
    auto field = number_field(name, header, width, key);
    field.json = [key](const Listed& listed) {
        return Json(text::to_uint(configured(listed, key)).value_or(0));
    };
    return field;
}

Field io_limit(const char* name, const char* header, std::string_view key) {
    return {{name, header, 10, Align::right, ""},
            [key](const Listed& listed) { return value_of(configured_size(listed, key)); },
            {},
            {}};
}

Field yes_no(const char* name, const char* header, int width, const std::function<bool(const Listed&)>& is) {
    return {{name, header, width, Align::right, ""},
            [is](const Listed& listed) { return Value(std::string(is(listed) ? "yes" : "no")); },
            [is](const Listed& listed) { return Json(is(listed)); },
            {}};
}

// Not set is neither.
Field onboot() {
    const auto value = [](const Listed& listed) {
        const auto text = configured(listed, "ONBOOT");
        return text == "yes" || text == "no" ? text : std::string();
    };
    return {{"onboot", "ONBOOT", 6, Align::right, ""},
            [value](const Listed& listed) { return value_of(value(listed)); },
            [value](const Listed& listed) {
                const auto text = value(listed);
                return text.empty() ? Json() : Json(text == "yes");
            },
            {}};
}

bool is_disabled(const Listed& listed) {
    return configured(listed, "DISABLED") == "yes";
}

// Memory and swap are limited as such, not the address space.
bool is_vswap(const Listed& listed) {
    const auto limit = limit_of(listed, resource_named("physpages"));
    return limit && limit->limit < units::unlimited;
}

Field status() {
    return {{"status", "STATUS", 9, Align::left, ""},
            [](const Listed& listed) { return Value(std::string(ops::state_word(listed.state))); },
            {},
            [](const Listed& listed) { return static_cast<std::uint64_t>(listed.state); }};
}

// The kernel keeps no load average of a container, and what a container says of itself is not to be trusted.
Field load_average() {
    return {{"laverage", "LAVERAGE", 14, Align::right, ""}, [](const Listed&) { return Value(); }, {}, {}};
}

std::optional<double> age(const Listed& listed) {
    return listed.runtime ? ops::process_age(listed.runtime->init) : std::nullopt;
}

std::string uptime_text(double seconds) {
    const auto s = static_cast<std::uint64_t>(seconds);
    return format("{:03}d{:02}h:{:02}m:{:02}s", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
}

Field uptime() {
    return {{"uptime", "UPTIME", 15, Align::right, ""},
            [](const Listed& listed) {
                const auto seconds = age(listed);
                return seconds ? Value(uptime_text(*seconds)) : Value();
            },
            [](const Listed& listed) {
                return Json(static_cast<double>(static_cast<std::uint64_t>(age(listed).value_or(0) * 100)) /
                            100);
            },
            [](const Listed& listed) { return static_cast<std::uint64_t>(age(listed).value_or(0) * 100); }};
}

std::vector<Field> make_fields() {
    std::vector<Field> out{
        ctid("ctid"),
        ctid("veid"), // older names, which clients use
        ctid("vpsid"),
        path_field("private", "PRIVATE", &Listed::private_area),
        path_field("root", "ROOT", &Listed::root),
        text_field("mount_opts", "MOUNT_OPTS", 16, "MOUNT_OPTS"),
        text_field("origin_sample", "ORIGIN_SAMPLE", 32, "ORIGIN_SAMPLE"),
        text_field("hostname", "HOSTNAME", 32, "HOSTNAME"),
        name(),
        smart_name(),
        text_field("description", "DESCRIPTION", 32, "DESCRIPTION"),
        text_field("ostemplate", "OSTEMPLATE", 32, "OSTEMPLATE"),
        addresses(),
        list_field("nameserver", "NAMESERVER", "NAMESERVER"),
        list_field("searchdomain", "SEARCHDOMAIN", "SEARCHDOMAIN"),
        status(),
    };
    add_resources(out);
    add_disk(out);
    for (auto& field :
         {load_average(), uptime(), number_field("cpulimit", "CPULIM", 7, "CPULIMIT"),
          number_field("cpuunits", "CPUUNI", 7, "CPUUNITS"), number_or_zero("cpus", "CPUS", 5, "CPUS"),
          number_or_zero("ioprio", "IOP", 3, "IOPRIO"), io_limit("iolimit", "IOLIMIT", "IOLIMIT"),
          io_limit("iopslimit", "IOPSLIMIT", "IOPSLIMIT"), onboot(),
          number_field("bootorder", "BOOTORDER", 10, "BOOTORDER"), layout(), features(),
          yes_no("vswap", "VSWAP", 5, is_vswap), yes_no("disabled", "DISABL", 6, is_disabled),
          text_field("vm_overcommit", "VM_OVERC", 8, "VM_OVERCOMMIT", Align::right),
          text_field("netfilter", "NETFILTER", 10, "NETFILTER"),
          text_field("capability", "CAPABILITY", 15, "CAPABILITY")})
        out.push_back(field);
    return out;
}

} // namespace

const std::vector<Field>& fields() {
    static const auto all = make_fields();
    return all;
}

const Field* field_named(std::string_view name) {
    const auto& all = fields();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Field& field) { return field.format.key == name; });
    return found == all.end() ? nullptr : &*found;
}

Result<std::vector<Field>> chosen_fields(std::string_view list, Form form) {
    if (!list.empty() && list.back() == ',')
        list.remove_suffix(1);
    std::vector<Field> out;
    for (const auto& name : text::split(list, ',')) {
        const auto* field = field_named(name);
        if (!field)
            return fail(Errc::failed, "Unknown field: {}", text::printable(name));
        if (form == Form::json && field->is_part)
            return fail(Errc::failed, "Field {} is not available in JSON output; {} has it inside", name,
                        name.substr(0, name.find('.')));
        out.push_back(*field);
    }
    return out;
}

std::vector<Field> json_fields() {
    std::vector<Field> out;
    std::copy_if(fields().begin(), fields().end(), std::back_inserter(out),
                 [](const Field& field) { return !field.is_part; });
    return out;
}

} // namespace vz::vzlist

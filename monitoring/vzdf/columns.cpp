// SPDX-License-Identifier: GPL-2.0-or-later
#include "columns.hpp"

#include "vz/base/units.hpp"

namespace vz::vzdf {

namespace {

using monitoring::Count;
using monitoring::DiskUse;
using Number = std::optional<std::uint64_t>;

std::string sized(const Number& bytes) {
    return bytes ? units::human_size(*bytes) : "";
}
std::string counted(const Number& count) {
    return count ? std::to_string(*count) : "";
}
Json json_of(const Number& number) {
    return number ? Json(*number) : Json();
}

template<class Get>
Column number(const char* key, const char* header, const char* help, std::string (*text)(const Number&),
              Get get) {
    return {{key, header, 9, cli::Align::right, help},
            [=](const DiskUse& use) { return text(get(use)); },
            [=](const DiskUse& use) { return json_of(get(use)); }};
}

Column percent(const char* key, const char* header, const char* help, monitoring::Supply DiskUse::*supply) {
    return {{key, header, 5, cli::Align::right, help},
            [=](const DiskUse& use) {
                const auto value = (use.*supply).percent();
                return value ? format("{}%", *value) : "";
            },
            [=](const DiskUse& use) {
                const auto value = (use.*supply).percent();
                return value ? Json(*value) : Json();
            }};
}

Column words(const char* key, const char* header, int width, const char* help, std::string DiskUse::*member) {
    return {{key, header, width, cli::Align::left, help},
            [=](const DiskUse& use) { return use.*member; },
            [=](const DiskUse& use) { return (use.*member).empty() ? Json() : Json(use.*member); }};
}

Column ctid() {
    return {{"ctid", "CTID", 10, cli::Align::right, "container id"},
            [](const DiskUse& use) { return use.ctid.text(); },
            [](const DiskUse& use) { return Json(use.ctid.value()); }};
}

Number own_bytes(const DiskUse& use) {
    return use.own ? Number(use.own->bytes) : Number();
}
Number own_inodes(const DiskUse& use) {
    return use.own ? Number(use.own->inodes) : Number();
}

} // namespace

std::vector<Column> all_columns() {
    return {
        ctid(),
        number("size", "SIZE", "bytes of the file system that holds the container", sized,
               [](const DiskUse& use) { return Number(use.bytes.total); }),
        number("used", "USED", "bytes of it in use, by whomever", sized,
               [](const DiskUse& use) { return Number(use.bytes.used); }),
        number("avail", "AVAIL", "bytes of it left", sized,
               [](const DiskUse& use) { return Number(use.bytes.available); }),
        percent("pcent", "USE%", "part in use, in per cent", &DiskUse::bytes),
        number("inodes", "INODES", "inodes of the file system", counted,
               [](const DiskUse& use) { return Number(use.inodes.total); }),
        number("iavail", "IAVAIL", "inodes left", counted,
               [](const DiskUse& use) { return Number(use.inodes.available); }),
        percent("ipcent", "IUSE%", "part of the inodes in use, in per cent", &DiskUse::inodes),
        number("limit", "LIMIT", "DISKSPACE of the container in bytes", sized,
               [](const DiskUse& use) { return use.limit_bytes; }),
        number("ilimit", "ILIMIT", "DISKINODES of the container", counted,
               [](const DiskUse& use) { return use.limit_inodes; }),
        number("own", "OWN", "bytes of the container's own files (with --walk)", sized, own_bytes),
        number("iown", "IOWN", "number of the container's own files (with --walk)", counted, own_inodes),
        words("hostname", "HOSTNAME", 20, "host name", &DiskUse::hostname),
        words("private", "PRIVATE", 1, "private area", &DiskUse::private_area),
    };
}

std::string_view default_columns(Count count) {
    return count == Count::files ? "ctid,own,limit,iown,ilimit,avail,pcent,iavail,ipcent,private"
                                 : "ctid,limit,size,used,avail,pcent,iavail,ipcent,private";
}

} // namespace vz::vzdf

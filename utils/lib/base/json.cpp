// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/base/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace vz {

namespace {

using Library = nlohmann::ordered_json;

template<class... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};
template<class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

Json from_library(const Library& value) {
    switch (value.type()) {
    case Library::value_t::boolean:
        return value.get<bool>();
    case Library::value_t::number_integer:
        return value.get<std::int64_t>();
    case Library::value_t::number_unsigned:
        return value.get<std::uint64_t>();
    case Library::value_t::number_float:
        return value.get<double>();
    case Library::value_t::string:
        return value.get<std::string>();
    case Library::value_t::array: {
        Json::Array out;
        for (const auto& item : value)
            out.push_back(from_library(item));
        return out;
    }
    case Library::value_t::object: {
        Json::Object out;
        for (const auto& [key, item] : value.items())
            out.emplace_back(key, from_library(item));
        return out;
    }
    default:
        return {};
    }
}

} // namespace

Json Json::strings(const std::vector<std::string>& values) {
    return Array(values.begin(), values.end());
}

bool Json::is_number() const {
    return std::holds_alternative<std::int64_t>(m_value) || std::holds_alternative<std::uint64_t>(m_value) ||
           std::holds_alternative<double>(m_value);
}

std::uint64_t Json::as_uint(std::uint64_t otherwise) const {
    if (const auto* u = std::get_if<std::uint64_t>(&m_value))
        return *u;
    if (const auto* i = std::get_if<std::int64_t>(&m_value); i && *i >= 0)
        return static_cast<std::uint64_t>(*i);
    return otherwise;
}

double Json::as_double(double otherwise) const {
    if (const auto* d = std::get_if<double>(&m_value))
        return *d;
    if (const auto* u = std::get_if<std::uint64_t>(&m_value))
        return static_cast<double>(*u);
    if (const auto* i = std::get_if<std::int64_t>(&m_value))
        return static_cast<double>(*i);
    return otherwise;
}

const Json* Json::find(std::string_view key) const {
    if (const auto* object = as_object())
        for (const auto& [name, value] : *object)
            if (name == key)
                return &value;
    return nullptr;
}

std::string Json::string_or(std::string_view key, std::string otherwise) const {
    const Json* member = find(key);
    const std::string* s = member ? member->as_string() : nullptr;
    if (s)
        return *s;
    return otherwise;
}

void Json::set(std::string key, Json value) {
    if (is_null())
        m_value = Object{};
    auto& object = std::get<Object>(m_value);
    for (auto& [name, old] : object)
        if (name == key) {
            old = std::move(value);
            return;
        }
    object.emplace_back(std::move(key), std::move(value));
}

void Json::push(Json value) {
    if (is_null())
        m_value = Array{};
    std::get<Array>(m_value).push_back(std::move(value));
}

namespace {

// Nearly all strings: nothing to escape, nothing to check.
bool is_plain(const std::string& s) {
    return std::all_of(s.begin(), s.end(),
                       [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

void write_string(const std::string& s, std::string& out) {
    if (is_plain(s)) {
        out += '"';
        out += s;
        out += '"';
        return;
    }
    out += Library(s).dump(-1, ' ', false, Library::error_handler_t::replace);
}

// Writes values in the way people read them: one member or element a line, when `indent` is not negative.
class Writer {
public:
    explicit Writer(int indent) : m_indent(indent) {}

    void open(char bracket) {
        out += bracket;
        ++m_depth;
    }
    void item(bool first) {
        if (!first)
            out += m_indent < 0 ? ", " : ",";
        line();
    }
    void close(char bracket, bool empty) {
        --m_depth;
        if (!empty)
            line();
        out += bracket;
    }
    std::string out;

private:
    void line() {
        if (m_indent >= 0)
            out += '\n' + std::string(static_cast<std::size_t>(m_indent * m_depth), ' ');
    }
    int m_indent;
    int m_depth = 0;
};

} // namespace

std::string Json::dump(int indent) const {
    Writer writer(indent);
    auto write = [&writer](auto& self, const Json& value) -> void {
        std::visit(Overloaded{
                       [&](std::monostate) { writer.out += "null"; },
                       [&](bool b) { writer.out += b ? "true" : "false"; },
                       [&](double d) { writer.out += Library(d).dump(); },
                       [&](const std::string& s) { write_string(s, writer.out); },
                       [&](const Array& array) {
                           writer.open('[');
                           for (const auto& item : array) {
                               writer.item(&item == array.data());
                               self(self, item);
                           }
                           writer.close(']', array.empty());
                       },
                       [&](const Object& object) {
                           writer.open('{');
                           for (const auto& member : object) {
                               writer.item(&member == object.data());
                               write_string(member.first, writer.out);
                               writer.out += ": ";
                               self(self, member.second);
                           }
                           writer.close('}', object.empty());
                       },
                       [&](auto number) { writer.out += std::to_string(number); },
                   },
                   value.m_value);
    };
    write(write, *this);
    return std::move(writer.out);
}

Result<Json> Json::parse(std::string_view text) {
    bool too_deep = false;
    const auto limit_depth = [&](int depth, Library::parse_event_t, Library&) {
        too_deep = too_deep || depth > 64;
        return !too_deep;
    };
    try {
        const Library value = Library::parse(text, limit_depth);
        if (too_deep)
            return fail(Errc::bad_value, "JSON nested too deeply");
        return from_library(value);
    } catch (const Library::exception& e) {
        return fail(Errc::bad_value, "not JSON: {}", e.what());
    }
}

} // namespace vz

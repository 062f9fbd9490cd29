# SPDX-License-Identifier: GPL-2.0-or-later
# The patterns of a Ruby wrapper: the inventory by a regular expression over "vzlist -a", status by its words.
require 'open3'

$failures = 0

def run(*argv)
  out, err, status = Open3.capture3(*argv)
  equal("#{argv.join(' ')} exits 0 (#{err.strip})", 0, status.exitstatus)
  out
end

def equal(what, expected, actual)
  return puts("ok: #{what}") if expected == actual

  $failures += 1
  warn "FAILED: #{what}: expected #{expected.inspect}, got #{actual.inspect}"
end

def inventory
  run('vzlist', '-a').lines.map { |line| line[/^\s+(\d+)\s+(\S+)\s+(running|stopped)\s+(\S+)\s+(\S+)/] && [$1, $3, $4, $5] }.compact
end

def status_words
  run('vzctl', 'status', '101').split[2..4]
end

run('vzctl', 'create', '101', '--ostemplate', ARGV[0], '--hostname', 'web', '--ipadd', '10.10.0.3')
equal 'inventory', [%w[101 stopped 10.10.0.3 web]], inventory
equal 'ids', ['101'], run('vzlist', '-a1').split
equal 'status, stopped', %w[exist unmounted down], status_words
run('vzctl', 'start', '101')
equal 'status, running', %w[exist mounted running], status_words
equal 'inventory, running', [%w[101 running 10.10.0.3 web]], inventory
equal 'a command', "web\n", run('vzctl', 'exec2', '101', 'hostname')
equal 'a command with a pipe', "3\n", run('vzctl', 'exec2', '101', 'printf "a\nb\nc\n" | wc -l')
run('vzctl', 'restart', '101')
run('vzctl', 'stop', '101')
run('vzctl', 'destroy', '101')
equal 'status, gone', %w[deleted unmounted down], status_words
exit($failures.zero? ? 0 : 1)

using static Kola.Checks.Rule;

namespace Kola.Checks;

/// <summary>Programs that crash, and what they were not allowed to do.</summary>
internal static class ProgramChecks
{
    internal static IReadOnlyList<Check> All { get; } =
    [
        new()
        {
            Id = CheckId.GoPanic,
            Title = "A Go program panicked",
            Sample = """
                panic: runtime error: index out of range [1] with length 1
                Nov 22 18:15:00.123456 dockerd[77]: panic: assignment to entry in nil map
                [   12.345678] dockerd[77]: fatal error: concurrent map writes
                Nov 22 18:15:00.123456 dockerd[77]: http: panic serving @: runtime error: invalid memory address
                """,
            // "panic: " must stand alone: the peer's also fires on "kernel panic: …" and on "no-panic: …".
            Pattern = Line(@"(?:^|\s)(?<what>panic: .+|panic serving .+|fatal error: (?:all goroutines are asleep|concurrent map|runtime: |stack overflow|unexpected signal|out of memory).*)"),
            Exempt = Line(@"[Kk]ernel panic"),
            Innocent = """
                [    1.234567] Kernel panic: this is not Go
                Nov 22 18:15:00.123456 make[77]: fatal error: foo.h: No such file or directory
                Nov 22 18:15:00.123456 app[77]: option dont-panic: true
                """,
        },
        new()
        {
            Id = CheckId.RustPanic,
            Title = "A Rust program panicked",
            Sample = """
                Nov 22 18:15:00.123456 afterburn[77]: thread 'main' panicked at src/main.rs:12:34:
                thread 'tokio-runtime-worker' (77) panicked at 'called `Option::unwrap()` on a `None` value', src/lib.rs:1:2
                """,
            Pattern = Line(@"(?<what>thread '[^']*'(?: \(\d+\))? panicked at .*)"),
        },
        new()
        {
            Id = CheckId.Segfault,
            Title = "A program was killed by a segmentation fault",
            Sample = """
                [   12.345678] foo[77]: segfault at 0 ip 00005581e5b3f149 sp 00007ffd1e9c1a10 error 4 in foo[5581e5b3f000+1000]
                Nov 22 18:15:00.123456 systemd[1]: foo.service: Main process exited, code=killed, status=11/SEGV
                Nov 22 18:15:00.123456 foo[77]: [signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x0]
                """,
            // The peer does not know the kernel's own line, the only one when the program is not a unit.
            Pattern = Line(@"(?<what>\bSIGSEGV\b.*|\S+: .*=11/SEGV|\S+\[\d+\]: segfault at [0-9a-f]+ ip )"),
            Innocent = "Nov 22 18:15:00.123456 systemd[1]: foo.service: Main process exited, code=killed, status=15/TERM",
        },
        new()
        {
            Id = CheckId.CpuTrap,
            Title = "A program was killed by a CPU exception",
            Sample = """
                [   12.345678] traps: foo[77] general protection fault ip:401136 sp:7ffd1e9c1a10 error:0 in foo[401000+1000]
                Nov 22 18:15:00.123456 kernel: traps: foo[77] trap invalid opcode ip:401136 sp:7ffd1e9c1a10 error:0 in foo[401000+1000]
                """,
            Pattern = Line(@"traps: (?<what>\S+\[\d+\] .* ip:[0-9a-f]+ )"),
            Innocent = "[    0.000000] x86/traps: nothing to see",
        },
        new()
        {
            Id = CheckId.CoreDump,
            Title = "A program dumped core",
            Sample = """
                Nov 22 18:15:00.123456 systemd-coredump[78]: [🡕] Process 77 (foo) of user 0 dumped core.
                Nov 22 18:15:00.123456 systemd[1]: foo.service: Failed with result 'core-dump'.
                Nov 22 18:15:00.123456 systemd[1]: foo.service: Main process exited, code=dumped, status=6/ABRT
                [  OK  ] Started systemd-coredump@0-78-0.service - Process Core Dump (PID 78/UID 0).
                /opt/test.sh: line 1:    77 Aborted                 (core dumped) /usr/bin/foo
                Nov 22 18:15:00.123456 systemd-coredump[78]: Resource limits disable core dumping for process 77 (foo).
                [   12.345678] Core dump to |/usr/lib/systemd/systemd-coredump pipe failed
                """,
            // "core dump" alone, as the peer has it, also names a socket that listens and a limit that is set.
            Pattern = Line(@"(?<what>Process \d+ .* dumped core|\(core dumped\)|\S+: Failed with result 'core-dump'|\S+: .*code=dumped, .*|Process Core Dump \(PID \d+|disable core dumping for process .*|Core dump to .* failed)"),
            Innocent = """
                [  OK  ] Listening on systemd-coredump.socket - Process Core Dump Socket.
                Nov 22 18:15:00.123456 app[77]: core dump size limit is 0
                """,
        },
        new()
        {
            Id = CheckId.SelinuxDenial,
            Title = "SELinux denied something",
            Sample = """
                [   12.345678] audit: type=1400 audit(1732299300.123:45): avc:  denied  { read } for  pid=77 comm="foo" name="bar" dev="vda9" ino=12
                Nov 22 18:15:00.123456 audit[77]: AVC avc:  denied  { read } for  pid=77 comm="foo" name="bar" dev="vda9" ino=12
                """,
            Pattern = Line(@"avc:\s*denied\s*(?<what>\S.*)"),
            Innocent = "[   12.345678] audit: type=1400 audit(1732299300.123:45): avc:  granted  { setenforce } for  pid=77 comm=\"setenforce\"",
        },
    ];
}

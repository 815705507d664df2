namespace Flatcar.Tests.Faults;

/// <summary>What may be wrong with the time.</summary>
public static class ClockFaults
{
    // A copy of a machine is told the time when it wakes: who sets it once has nothing set.
    [Fault("clock.year-off", "the clock is a year ahead", Near = ["core.*", "cl.basic", "security.*"])]
    public static Task The_clock_is_wrong(Machine machine) => machine.AddUnitAsync(
        "fault.service", $"[Service]\nExecStart=/bin/sh -c 'while :; do test $$(date +%%Y) -ge {Wrong} || date --set \"+1 year\" >/dev/null; sleep 0.2; done'\n[Install]\nWantedBy=multi-user.target",
        $"test $(date +%Y) -ge {Wrong}");

    [Fault("clock.sync-stopped", "nobody keeps the clock", Near = ["cl.basic", "core.*"])]
    public static Task Nobody_keeps_the_clock(Machine machine) => machine.StopForGoodAsync("systemd-timesyncd.service");

    private static int Wrong => TimeProvider.System.GetUtcNow().Year + 1;
}

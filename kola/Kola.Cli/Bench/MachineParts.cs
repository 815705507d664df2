using Kola.Machines;

namespace Kola.Cli.Bench;

/// <summary>Cold boots, the making of a template, and copies of it, each one at a time.</summary>
internal static class MachineParts
{
    internal const string Boot = "boot";
    internal const string Templates = "templates";

    /// <summary>Cold boots.</summary>
    internal static async Task<IReadOnlyList<Figure>> BootAsync(BenchLab lab, int count)
    {
        var boots = new List<(Cost Answer, Cost Command, Cost Ready)>();
        for (int i = 0; i < count; i++)
        {
            await using BenchMachine machine = await lab.BootAsync();
            Task<Cost> answer = machine.FirstAnswerAsync();
            Task<Cost>? command = null;
            machine.Machine.Connected += shell => command = FirstCommandAsync(machine, shell, lab.Cancel);
            await machine.Machine.BecomeReadyAsync(null);
            Cost ready = machine.Now;
            boots.Add((await answer, await command!, ready));
        }

        return
        [
            Figure.Of(Boot, "cold boot: to the guest channel's first answer", boots.Select(b => b.Answer)),
            Figure.Of(Boot, "cold boot: to the first SSH command done", boots.Select(b => b.Command)),
            Figure.Of(Boot, "cold boot: to ready", boots.Select(b => b.Ready), note: "settled, no failed unit; asked over SSH beside the command above"),
        ];
    }

    /// <summary>A template, and copies of it.</summary>
    /// <param name="lab">Makes them.</param>
    /// <param name="count">How many copies.</param>
    /// <param name="cold">What a cold boot took; empty when that was not measured, and the template's own boot counts.</param>
    internal static async Task<IReadOnlyList<Figure>> TemplatesAsync(BenchLab lab, int count, IReadOnlyList<Figure> cold)
    {
        MadeTemplate made = await lab.TemplateAsync();
        var figures = new List<Figure>
        {
            Figure.Of(Templates, "template: boot, to ready", [made.Ready]),
            Figure.Of(Templates, "template: settle", [made.Settling]),
            Figure.Seconds(Templates, "template: save", [made.Saving], note: "to disk, flushed, until it can be used"),
            Figure.MiB(Templates, "template: size on disk", [await lab.TemplateBytesAsync() / (double)(1 << 20)]),
        };
        var copies = new List<Copy>();
        for (int i = 0; i < count; i++)
            copies.Add(await CopyAsync(lab));
        figures.AddRange(FiguresOf(copies));
        Figure? boot = cold is [.., var last] ? last : null;
        double ready = boot?.Median ?? made.Ready.Wall.TotalSeconds;
        string? note = boot is not null ? null : "the template's own boot, one";
        figures.Add(Figure.Ratio(Templates, "clone: first SSH command done / cold boot ready", copies.Select(c => c.Command.Wall.TotalSeconds / ready), target: 1 / 25.0, note));
        if (cold.Count > 0)
            figures.Add(Figure.Ratio(Templates, "clone / cold boot: first SSH command done", copies.Select(c => c.Command.Wall.TotalSeconds / cold[1].Median)));
        double processor = boot?.ProcessorMedian ?? made.Ready.Processor.TotalSeconds;
        figures.Add(Figure.Ratio(Templates, "clone / cold boot ready: CPU seconds", copies.Select(c => c.Command.Processor.TotalSeconds / processor)));
        return figures;
    }

    private static IEnumerable<Figure> FiguresOf(List<Copy> copies) =>
    [
        Figure.Of(Templates, "clone: to running", copies.Select(c => c.Running), target: 0.3),
        Figure.Of(Templates, "clone: to the guest channel's first answer", copies.Select(c => c.Answer), target: 1),
        Figure.Of(Templates, "clone: to the first SSH command done", copies.Select(c => c.Command), note: "its own identity included"),
        Figure.Seconds(Templates, "↳ change of the key that lets us in", copies.Select(c => c.Key)),
        Figure.Seconds(Templates, "↳ login: key exchange, authentication", copies.Select(c => c.Login), note: "beside the next"),
        Figure.Seconds(Templates, "↳ identity: name, host keys, address", copies.Select(c => c.Identity)),
        Figure.Seconds(Templates, "↳ first command over the open connection", copies.Select(c => c.First)),
        Figure.Seconds(Templates, "clone: to take it away", copies.Select(c => c.Gone)),
    ];

    private static async Task<Copy> CopyAsync(BenchLab lab)
    {
        BenchMachine machine = await lab.CloneAsync();
        Copy copy;
        await using (machine)
        {
            Cost answer = await machine.FirstAnswerAsync();
            await lab.WakeAsync(machine);
            Cost awake = machine.Now;
            await machine.Machine.RunAsync("true");
            Cost command = machine.Now;
            // The first question was that of FirstAnswerAsync.
            TimeSpan[] asked = [.. machine.Instance.Channel.Asked];
            copy = new Copy(machine.Running, answer, command, asked[1], machine.Instance.Logins.Last(), asked[2], command.Wall - awake.Wall, command.Wall);
        }

        return copy with { Gone = machine.Now.Wall - copy.Gone };
    }

    private static async Task<Cost> FirstCommandAsync(BenchMachine machine, IShell shell, CancellationToken cancel)
    {
        await shell.ExecuteAsync("true", null, Stream.Null, Stream.Null, cancel);
        return machine.Now;
    }

    private sealed record Copy(Cost Running, Cost Answer, Cost Command, TimeSpan Key, TimeSpan Login, TimeSpan Identity, TimeSpan First, TimeSpan Gone);
}

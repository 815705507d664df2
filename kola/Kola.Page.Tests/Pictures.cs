using System.Runtime.CompilerServices;
using Kola.Reporting;

namespace Kola.Page.Tests;

/// <summary>The pictures in <c>docs/</c>, taken anew with <c>dotnet test kola/Kola.Page.Tests --filter FullyQualifiedName~Pictures</c>.</summary>
[Explicit("writes into docs/")]
public sealed class Pictures
{
    [Test]
    public async Task Take()
    {
        using Place earlier = Place.Simulated(500, 2 << 20, seed: 1);
        using Place place = Place.Simulated(500, 20 << 20, against: report => RunDiff.Of([earlier.Report], [report]));
        TestReport failed = place.Report.Tests.First(test => test.Outcome == Outcome.Failed && test.Attempts[^1].Findings.Count > 0);
        await using (Sheet sheet = await Browser.OpenAsync(place.Page))
        {
            await ShootAsync(sheet, "report");
            await sheet["#timeline"].ScrollIntoViewIfNeededAsync();
            await sheet["#time .t-item"].First.WaitForAsync();
            await sheet.Page.EvaluateAsync("document.getElementById('timeline').scrollIntoView({ behavior: 'instant' })");
            for (int i = 0; i < 2; i++)
                await sheet["#timeline button[aria-label='Zoom in']"].ClickAsync();
            LocatorBoundingBoxResult box = (await sheet["#time svg"].BoundingBoxAsync())!;
            await sheet.Page.Mouse.MoveAsync(box.X + box.Width / 3, box.Y + 110);
            await ShootAsync(sheet, "report-timeline");
            await sheet["#log-words"].FillAsync("OCI runtime create failed");
            await sheet["#log-words"].PressAsync("Enter");
            await sheet["#log-status[data-done]"].WaitForAsync();
            await sheet.Page.EvaluateAsync("document.getElementById('logs').scrollIntoView({ behavior: 'instant' })");
            await ShootAsync(sheet, "report-logs");
        }

        await using (Sheet sheet = await Browser.OpenAsync(place.Page, hash: $"#test={Uri.EscapeDataString(failed.Id)}"))
        {
            await sheet["#test-dialog .transcript"].WaitForAsync();
            await ShootAsync(sheet, "report-failure");
        }

        await using Sheet dark = await Browser.OpenAsync(place.Page, ColorScheme.Dark);
        await ShootAsync(dark, "report-dark");
    }

    private static Task<byte[]> ShootAsync(Sheet sheet, string name) => sheet.Page.ScreenshotAsync(new() { Path = Path.Combine(Docs(), $"{name}.png"), Animations = ScreenshotAnimations.Disabled });

    private static string Docs([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../docs"));
}

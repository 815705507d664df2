namespace Kola.Page.Tests;

/// <summary>Debian's chromium, driven by Playwright; none of Playwright's own browsers is downloaded.</summary>
[SetUpFixture]
internal sealed class Browser
{
    private const string Chromium = "/usr/bin/chromium";

    private static IPlaywright? s_playwright;
    private static IBrowser? s_browser;

    /// <summary>A page that notes whatever a script or the browser complains of.</summary>
    internal static async Task<Sheet> OpenAsync(string file, ColorScheme scheme = ColorScheme.Light, int width = 1280, string hash = "")
    {
        IBrowserContext context = await s_browser!.NewContextAsync(new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 900 } });
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(15_000);
        var sheet = new Sheet(context, page);
        await page.GotoAsync(new Uri(file).AbsoluteUri + hash);
        // By an element: the page's policy lets nobody evaluate text, Playwright's waiting functions neither.
        await page.Locator("html[data-painted]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        return sheet;
    }

    [OneTimeSetUp]
    public async Task Start()
    {
        if (!File.Exists(Chromium) && Environment.GetEnvironmentVariable("CI") != "true")
            Assert.Ignore($"{Chromium} is not there: apt-get install chromium");
        s_playwright = await Playwright.CreateAsync();
        // A browser of root's has no sandbox; the pages are our own.
        s_browser = await s_playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Headless = true, Args = ["--no-sandbox", "--disable-dev-shm-usage"] });
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (s_browser is not null)
            await s_browser.DisposeAsync();
        s_playwright?.Dispose();
    }
}

/// <summary>An open page.</summary>
internal sealed class Sheet : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    internal Sheet(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
        page.PageError += (_, error) => Faults.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                Faults.Add(message.Text);
        };
        page.Dialog += async (_, dialog) =>
        {
            Faults.Add($"dialog: {dialog.Message}");
            await dialog.DismissAsync();
        };
        page.Request += (_, request) => Requests.Add(request.Url);
    }

    internal IPage Page { get; }

    /// <summary>Errors of scripts, refusals of the content policy, dialogs.</summary>
    internal List<string> Faults { get; } = [];

    /// <summary>Everything the page asked for.</summary>
    internal List<string> Requests { get; } = [];

    internal ILocator this[string selector] => Page.Locator(selector);

    internal Task PressAsync(string key) => Page.Keyboard.PressAsync(key);

    internal Task<string> TextAsync(string selector) => Page.Locator(selector).First.InnerTextAsync();

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}

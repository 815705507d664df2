using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Kola.Serving;

/// <summary>A web server for machines under test: http and https at one address.</summary>
internal static class MachineWeb
{
    /// <summary>Makes one that does not listen yet.</summary>
    /// <param name="certificates">Whose server certificate it takes.</param>
    /// <param name="address">Where it is to listen.</param>
    /// <param name="httpPort">0 for one the kernel chooses.</param>
    /// <param name="httpsPort">The same.</param>
    /// <param name="buffered">Most bytes of an answer that are taken before they are sent; 0 for none, so that what was written has gone. Null for Kestrel's default.</param>
    internal static WebApplication Create(RunCertificates certificates, IPAddress address, int httpPort = 0, int httpsPort = 0, long? buffered = null)
    {
        // Empty: no settings from files or the environment, which may name other addresses.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // An emulated machine that does something else for a minute is no attacker.
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(10);
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromMinutes(5);
            if (buffered is { } most)
                kestrel.Limits.MaxResponseBufferSize = most;
            kestrel.Listen(address, httpPort, plain => plain.Protocols = HttpProtocols.Http1);
            kestrel.Listen(address, httpsPort, secure =>
            {
                secure.Protocols = HttpProtocols.Http1;
                secure.UseHttps(certificates.TakeServer(), https => https.HandshakeTimeout = TimeSpan.FromMinutes(2));
            });
        });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        return builder.Build();
    }

    /// <summary>Lets it listen.</summary>
    /// <returns>Its ports.</returns>
    /// <exception cref="IOException">A port is in use.</exception>
    internal static async Task<(int Http, int Https)> StartAsync(WebApplication web, CancellationToken cancel)
    {
        await web.StartAsync(cancel);
        ICollection<string> bound = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return (PortOf("http:"), PortOf("https:"));

        int PortOf(string scheme) => new Uri(bound.Single(a => a.StartsWith(scheme, StringComparison.Ordinal))).Port;
    }

    /// <summary>The run hears signals; a server that stops by itself at Ctrl-C would take the files from machines that are still wanted.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

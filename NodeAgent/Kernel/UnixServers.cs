using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>Servers of gRPC at a unix socket, for programs of the machine.</summary>
public static class UnixServers
{
    /// <param name="socketPath">Where it listens, once it is started.</param>
    /// <param name="loggers">What it has to tell goes there.</param>
    /// <param name="add">Adds what its services are made of.</param>
    /// <param name="map">Maps its services.</param>
    public static WebApplication Build(
        string socketPath, ILoggerFactory loggers, Action<IServiceCollection> add, Action<WebApplication> map)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        add(builder.Services);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(
            socketPath, static listen => listen.Protocols = HttpProtocols.Http2));
        var app = builder.Build();
        app.UseRouting();
        map(app);
        return app;
    }
}

using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Api.Tests.Figures;

/// <summary>Pods' endpoints for figures on loopback: what is at no path does not answer with 200.</summary>
internal sealed class PodEndpoints : IAsyncDisposable
{
    private readonly WebApplication _server;
    private int _asked;

    public PodEndpoints()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    /// <summary>What is told, by path.</summary>
    public ConcurrentDictionary<string, string> Told { get; } = new(StringComparer.Ordinal);

    /// <summary>Comes before each answer.</summary>
    public Func<Task> Before { get; set; } = static () => Task.CompletedTask;

    public int Asked => Volatile.Read(ref _asked);

    public int Port => new Uri(_server.Urls.First()).Port;

    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(cancellationToken);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref _asked);
        await Before();
        if (Told.TryGetValue(context.Request.Path.Value!, out var text))
        {
            await context.Response.WriteAsync(text);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
    }
}

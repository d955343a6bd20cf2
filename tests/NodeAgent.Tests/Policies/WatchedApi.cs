using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

/// <summary>
/// An API of lists and watches on a loopback port. It lists what it was given, and a test drives each watch.
/// </summary>
internal sealed class WatchedApi : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, string[]> _items = new();
    private readonly ConcurrentDictionary<string, Channel<OpenWatch>> _watches = new();

    private WatchedApi(WebApplication app) => _app = app;

    public Kubernetes Client { get; private set; } = null!;

    public static async Task<WatchedApi> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var api = new WatchedApi(app);
        app.Run(api.ServeAsync);
        await app.StartAsync();
        api.Client = new Kubernetes(new KubernetesClientConfiguration { Host = app.Urls.First() });
        return api;
    }

    /// <summary>What a list of a path has from now on.</summary>
    public void Lists<T>(string path, params T[] items)
        where T : IKubernetesObject<V1ObjectMeta> =>
        _items[path] = [.. items.Select(static i => KubernetesJson.Serialize(i))];

    /// <summary>The next watch of a path.</summary>
    public Task<OpenWatch> WatchAsync(string path) =>
        Watches(path).Reader.ReadAsync().AsTask().WaitAsync(Patiently.Patience);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private Channel<OpenWatch> Watches(string path) =>
        _watches.GetOrAdd(path, static _ => Channel.CreateUnbounded<OpenWatch>());

    private async Task ServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        context.Response.ContentType = "application/json";
        if (context.Request.Query["watch"] == "true")
        {
            var watch = new OpenWatch(context);
            Watches(path).Writer.TryWrite(watch);
            await watch.ServeAsync();
            return;
        }

        var items = string.Join(',', _items.GetValueOrDefault(path) ?? []);
        await context.Response.WriteAsync(
            $$"""{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"10"},"items":[{{items}}]}""");
    }

    /// <summary>A watch that somebody has opened, with what was asked.</summary>
    internal sealed class OpenWatch(HttpContext context)
    {
        private readonly Channel<string> _events = Channel.CreateUnbounded<string>();
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string FieldSelector => context.Request.Query["fieldSelector"].ToString();

        /// <summary>Completes when whoever watches has gone.</summary>
        public Task EndedAsync() => _ended.Task.WaitAsync(Patiently.Patience);

        public void Send<T>(string type, T item)
            where T : IKubernetesObject<V1ObjectMeta> => _events.Writer.TryWrite(
            $$"""{"type":{{JsonSerializer.Serialize(type)}},"object":{{KubernetesJson.Serialize(item)}}}""" + "\n");

        public async Task ServeAsync()
        {
            using var gone = context.RequestAborted.Register(() => _events.Writer.TryComplete());
            await context.Response.Body.FlushAsync(CancellationToken.None);
            await foreach (var line in _events.Reader.ReadAllAsync())
            {
                await context.Response.WriteAsync(line);
                await context.Response.Body.FlushAsync(CancellationToken.None);
            }

            _ended.TrySetResult();
        }
    }
}

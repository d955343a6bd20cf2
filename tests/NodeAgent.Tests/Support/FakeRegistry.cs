using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.NodeAgent.Images;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>
/// A registry on loopback with an image of its own under each name: <c>hang</c> takes connections and never answers,
/// <c>half</c> sends half of a layer and then nothing, <c>slow</c> sends it in small pieces.
/// </summary>
internal sealed class FakeRegistry : IAsyncDisposable
{
    private static readonly TimeSpan PieceEvery = TimeSpan.FromMilliseconds(500);
    private const int PieceBytes = 1024 * 1024; // as much as containerd stores at a time

    private readonly WebApplication _server;
    private readonly Dictionary<string, byte[]> _blobs = [];
    private readonly Dictionary<string, string> _manifests = [];

    private FakeRegistry()
    {
        AddImage("half");
        AddImage("slow");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.Run(ServeAsync);
    }

    public string Address { get; private set; } = "";

    public static async Task<FakeRegistry> StartAsync()
    {
        var registry = new FakeRegistry();
        await registry._server.StartAsync();
        registry.Address = new Uri(registry._server.Urls.First()).Authority;
        return registry;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _server.StopAsync(now.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _server.DisposeAsync();
    }

    private void AddImage(string name)
    {
        using var archive = new MemoryStream();
        BusyboxImage.Write(
            archive,
            new ImageDescription { Reference = $"registry.local/{name}:1", Command = ["sh"] },
            [new ImageFile { Path = "noise", Content = RandomNumberGenerator.GetBytes(6 * PieceBytes),
                Mode = 0x1A4 }]); // new to every node
        archive.Position = 0;
        using var tar = new TarReader(archive);
        while (tar.GetNextEntry() is { } entry)
        {
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            _blobs[entry.Name.Split('/')[^1]] = content.ToArray();
        }

        _manifests[name] = JsonNode.Parse(_blobs["index.json"])!["manifests"]![0]!["digest"]!.GetValue<string>()[
            "sha256:".Length..];
    }

    private async Task ServeAsync(HttpContext context)
    {
        var parts = context.Request.Path.Value!.Trim('/').Split('/');
        if (parts is ["v2", "hang", ..])
        {
            await NeverAsync(context);
        }
        else if (parts is ["v2", var image, "manifests", ..])
        {
            await SendManifestAsync(context, _manifests[image]);
        }
        else if (parts is ["v2", var name, "blobs", var digest]
            && _blobs.TryGetValue(digest["sha256:".Length..], out var blob))
        {
            await SendBlobAsync(context, name, blob);
        }
        else
        {
            context.Response.StatusCode = parts is ["v2"] ? 200 : 404;
        }
    }

    private async Task SendManifestAsync(HttpContext context, string digest)
    {
        var manifest = _blobs[digest];
        context.Response.ContentType = "application/vnd.oci.image.manifest.v1+json";
        context.Response.ContentLength = manifest.Length;
        context.Response.Headers["Docker-Content-Digest"] = "sha256:" + digest;
        if (context.Request.Method != HttpMethods.Head)
        {
            await context.Response.Body.WriteAsync(manifest);
        }
    }

    private static async Task SendBlobAsync(HttpContext context, string name, byte[] blob)
    {
        const int layer = 100_000; // the configuration is smaller
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = blob.Length;
        if (name == "half" && blob.Length > layer)
        {
            await context.Response.Body.WriteAsync(blob.AsMemory(0, blob.Length / 2));
            await context.Response.Body.FlushAsync();
            await NeverAsync(context);
        }
        else if (name == "slow" && blob.Length > layer)
        {
            foreach (var piece in blob.Chunk(PieceBytes))
            {
                await context.Response.Body.WriteAsync(piece);
                await context.Response.Body.FlushAsync();
                await Task.Delay(PieceEvery, TimeProvider.System, context.RequestAborted);
            }
        }
        else
        {
            await context.Response.Body.WriteAsync(blob);
        }
    }

    private static Task NeverAsync(HttpContext context) =>
        Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Serving;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Serving;

/// <summary>What a client of a real listener sees of <c>--goaway-chance</c>, frame by frame.</summary>
public sealed class GoawayTests : IAsyncDisposable
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Ping = 6;
    private const byte GoawayFrame = 7;
    private const byte EndOfStream = 1;
    private const int HeaderBytes = 9;

    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication? _app;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_app is { } app)
        {
            await app.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_connection_is_told_to_go_and_its_requests_end()
    {
        using var client = await ConnectAsync(await StartAsync(1, HttpProtocols.Http2));
        await SendRequestAsync(client.GetStream());

        var goaway = await ReadUntilAsync(client.GetStream(), static f => f.Type == GoawayFrame);
        _gate.SetResult();
        var end = await ReadUntilAsync(client.GetStream(), static f => f is { Type: Data, Flags: EndOfStream });

        Assert.Equal(0u, BinaryPrimitives.ReadUInt32BigEndian(goaway[^1].Payload.AsSpan(4)));
        Assert.Contains(end, static f => f is { Type: Headers, Stream: 1 });
        Assert.Equal(1, end[^1].Stream);
        await ReadToEndAsync(client.GetStream());
    }

    [Fact]
    public async Task Without_a_chance_nobody_is_told_to_go()
    {
        _gate.SetResult();
        using var client = await ConnectAsync(await StartAsync(0, HttpProtocols.Http2));
        await SendRequestAsync(client.GetStream());
        await ReadUntilAsync(client.GetStream(), static f => f is { Type: Data, Flags: EndOfStream });

        await client.GetStream().WriteAsync(Frame(Ping, 0, 0, new byte[8]), Cancellation);
        var frames = await ReadUntilAsync(client.GetStream(), static f => f.Type == Ping);

        Assert.DoesNotContain(frames, static f => f.Type == GoawayFrame);
    }

    [Fact]
    public async Task Connections_of_HTTP_1_stay()
    {
        _gate.SetResult();
        using var client = new HttpClient();
        var url = new Uri($"http://{await StartAsync(1, HttpProtocols.Http1)}/");

        using var first = await client.GetAsync(url, Cancellation);
        using var second = await client.GetAsync(url, Cancellation);

        Assert.Null(first.Headers.ConnectionClose);
        Assert.Equal(
            await first.Content.ReadAsStringAsync(Cancellation), await second.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task<TcpClient> ConnectAsync(IPEndPoint server)
    {
        var client = new TcpClient();
        await client.ConnectAsync(server, Cancellation);
        await client.GetStream().WriteAsync(
            (byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(4, 0, 0, [])], Cancellation);
        return client;
    }

    /// <summary>GET http / of the authority <c>x</c>, in HPACK: three of the static table, and one literal.</summary>
    private static async Task SendRequestAsync(NetworkStream stream) => await stream.WriteAsync(
        Frame(Headers, 0x5, 1, [0x82, 0x86, 0x84, 0x41, 0x01, (byte)'x']), Cancellation);

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[HeaderBytes + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, (payload.Length << 8) | type);
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, HeaderBytes);
        return frame;
    }

    private static async Task<List<ReadFrame>> ReadUntilAsync(NetworkStream stream, Func<ReadFrame, bool> isLast)
    {
        var frames = new List<ReadFrame>();
        do
        {
            var header = new byte[HeaderBytes];
            await stream.ReadExactlyAsync(header, Cancellation);
            var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(header) >> 8];
            await stream.ReadExactlyAsync(payload, Cancellation);
            frames.Add(
                new ReadFrame(header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload));
        }
        while (!isLast(frames[^1]));

        return frames;
    }

    private static async Task ReadToEndAsync(NetworkStream stream)
    {
        var rest = new byte[1024];
        while (await stream.ReadAsync(rest, Cancellation) > 0)
        {
        }
    }

    /// <summary>Answers with the name of the connection as soon as the gate opens.</summary>
    private async Task<IPEndPoint> StartAsync(double chance, HttpProtocols protocols)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        _app = builder.Build();
        _app.UseGoaway(chance);
        _app.Run(async context =>
        {
            await _gate.Task;
            await context.Response.WriteAsync(context.Connection.Id, Cancellation);
        });
        await _app.StartAsync(Cancellation);
        var addresses = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return new IPEndPoint(IPAddress.Loopback, new Uri(addresses.First()).Port);
    }

    private sealed record ReadFrame(byte Type, byte Flags, int Stream, byte[] Payload);
}

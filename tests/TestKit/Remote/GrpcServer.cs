using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace OrleansOrchestrator.TestKit.Remote;

/// <summary>
/// A gRPC server of unary calls, on a unix socket or with TLS: what it answers to a message, a test says; what it
/// refuses is an <see cref="RpcException"/>.
/// </summary>
public sealed class GrpcServer : IAsyncDisposable
{
    private const int HeadBytes = 5;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-grpc-");
    private readonly ServiceDescriptor _service;
    private readonly ConcurrentQueue<string> _calls = new();
    private WebApplication? _app;

    private GrpcServer(ServiceDescriptor service) => _service = service;

    /// <summary>Answers a method's message.</summary>
    public Func<string, IMessage, CancellationToken, Task<IMessage>> Answer { get; set; } =
        static (_, _, _) => throw new RpcException(new Status(StatusCode.Unimplemented, ""));

    /// <summary>Where it is.</summary>
    public string Endpoint { get; private set; } = "";

    /// <summary>Names of the methods that were called.</summary>
    public IReadOnlyCollection<string> Calls => _calls;

    /// <summary>The certificate that was last shown to it.</summary>
    public X509Certificate2? Shown { get; private set; }

    /// <summary>Starts one: with TLS when it has a certificate.</summary>
    public static async Task<GrpcServer> StartAsync(ServiceDescriptor service, X509Certificate2? certificate = null)
    {
        var server = new GrpcServer(service);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        var socket = Path.Combine(server._directory.FullName, "grpc.sock");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (certificate is null)
            {
                kestrel.ListenUnixSocket(socket, static l => l.Protocols = HttpProtocols.Http2);
                return;
            }

            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = certificate,
                    ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                    ClientCertificateValidation = static (_, _, _) => true,
                });
            });
        });
        server._app = builder.Build();
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync();
        var addresses = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        server.Endpoint = certificate is null
            ? $"unix://{socket}"
            : addresses.Addresses.First().Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app!.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        Shown = context.Connection.ClientCertificate;
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var method = _service.FindMethodByName(context.Request.Path.Value!.Split('/')[^1]);
        _calls.Enqueue(method.Name);
        context.Response.ContentType = "application/grpc";
        try
        {
            var request = method.InputType.Parser.ParseFrom(body.ToArray().AsSpan(HeadBytes).ToArray());
            var answer = (await Answer(method.Name, request, context.RequestAborted)).ToByteArray();
            var frame = new byte[HeadBytes + answer.Length];
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), answer.Length);
            answer.CopyTo(frame, HeadBytes);
            await context.Response.Body.WriteAsync(frame, context.RequestAborted);
            context.Response.AppendTrailer("grpc-status", "0");
        }
        catch (RpcException refusal)
        {
            context.Response.AppendTrailer(
                "grpc-status", ((int)refusal.StatusCode).ToString(CultureInfo.InvariantCulture));
            context.Response.AppendTrailer("grpc-message", Uri.EscapeDataString(refusal.Status.Detail));
            foreach (var trailer in refusal.Trailers)
            {
                context.Response.AppendTrailer(
                    trailer.Key, trailer.IsBinary ? Convert.ToBase64String(trailer.ValueBytes) : trailer.Value);
            }
        }
    }
}

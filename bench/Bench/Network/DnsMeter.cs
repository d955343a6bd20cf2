using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Dns;

namespace OrleansOrchestrator.Bench.Network;

/// <summary>The agent's DNS server over UDP on loopback; askers wait for each answer before they ask again.</summary>
public static class DnsMeter
{
    private const int Port = 5300;
    private const int Askers = 16;
    private const int QuestionsOfMany = 5000;
    private const int QuestionsOfOne = 5000;

    public static async Task<DnsFigures> MeasureAsync(int services, CancellationToken cancellationToken)
    {
        var zone = new ClusterZone("cluster.local");
        for (var i = 0; i < services; i++)
        {
            zone.Set(ServiceRecords.Of(Service(i), []));
        }

        zone.IsLoaded = true;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var server =
            new DnsServer(zone, new Forwarder("/nonexistent", [], TimeProvider.System), NullLogger<DnsServer>.Instance);
        var running = server.RunAsync(new IPEndPoint(IPAddress.Loopback, Port), ended.Token);
        var asking = AskAllAsync(services, cancellationToken);
        await await Task.WhenAny(asking, running); // a server that ends says why
        await ended.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await asking;
    }

    private static async Task<DnsFigures> AskAllAsync(int services, CancellationToken cancellationToken)
    {
        await AskAsync(services, QuestionsOfOne, cancellationToken);
        var start = Stopwatch.GetTimestamp();
        var busy = (await Task.WhenAll(
            Enumerable.Range(0, Askers).Select(_ => AskAsync(services, QuestionsOfMany, cancellationToken))))
            .SelectMany(t => t).ToList();
        var rate = busy.Count / Stopwatch.GetElapsedTime(start).TotalSeconds;
        var alone = await AskAsync(services, QuestionsOfOne, cancellationToken);
        return new DnsFigures(rate, Spread.Of(busy), Spread.Of(alone));
    }

    private static async Task<List<TimeSpan>> AskAsync(int services, int questions, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port), cancellationToken);
        var buffer = new byte[512];
        var found = new List<TimeSpan>(questions);
        for (var i = 0; i < questions; i++)
        {
            var name = $"s{i % services}.default.svc.cluster.local";
            var query = DnsQuery.Write(new DnsQuestion { Name = name, Type = DnsType.A, Section = [] });
            var start = Stopwatch.GetTimestamp();
            await socket.SendAsync(query, cancellationToken);
            await socket.ReceiveAsync(buffer, cancellationToken);
            found.Add(Stopwatch.GetElapsedTime(start));
        }

        return found;
    }

    private static V1Service Service(int i) => new()
    {
        Metadata = new V1ObjectMeta { Name = $"s{i}", NamespaceProperty = "default" },
        Spec = new V1ServiceSpec
        {
            ClusterIP = $"10.100.{i / 256}.{i % 256}", Type = "ClusterIP", Ports = [new V1ServicePort { Port = 80 }],
        },
    };
}

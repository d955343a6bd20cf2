using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Network;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Proxy;

namespace OrleansOrchestrator.Bench.Network;

/// <summary>The agent's proxy, fed with events as its watches feed it, over the real kernel.</summary>
public sealed class ServiceMeter : IAsyncDisposable
{
    private const int PodPort = 8080;
    private const int EndpointsPerService = 3;
    private const int Changes = 200;
    private const int Connects = 1000;
    private const int Starts = 50;
    private const double TicksPerSecond = 100;
    private static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(150);

    private readonly int _services;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly IKubernetes _client =
        new Kubernetes(new KubernetesClientConfiguration { Host = "http://127.0.0.1:1" });
    private readonly NodeAgentOptions _options = new()
    {
        NodeName = "node", ClusterCidr = Namespaces.ClusterCidr, ClusterDns = [], DataDirectory = Path.GetTempPath(),
    };

    private readonly ServiceDirectory _directory;
    private ServiceProxy? _proxy;
    private TaskCompletionSource<(TimeSpan Took, int Count, int Bytes)> _synced = new();

    public ServiceMeter(int services)
    {
        _services = services;
        _directory = new ServiceDirectory(_client, _time, NullLogger<ServiceDirectory>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
        {
            await _proxy.StopAsync(CancellationToken.None);
            _proxy.Dispose();
        }

        _directory.Dispose();
        _client.Dispose();
    }

    public async Task<NetworkFigures> MeasureAsync(CancellationToken cancellationToken)
    {
        using var pods = Namespaces.Serve(Namespaces.Pods, PodPort);
        var connects = new Dictionary<string, Spread>();

        // The first start of nft loads it from disk, the first sync compiles our own code.
        _directory.ReplaceServices([Service(0)]);
        _directory.ReplaceSlices([Slice(0, 0, EndpointsPerService)]);
        await StartAsync(cancellationToken);
        await ConnectAsync(connects, "with 1 Service", [0]);

        var (cpu, start) = (Cpu(), _time.GetTimestamp());
        _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _directory.ReplaceSlices([.. Enumerable.Range(0, _services).Select(i => Slice(i, 0, EndpointsPerService))]);
        _directory.ReplaceServices([.. Enumerable.Range(0, _services).Select(Service)]);
        var bytes = 0;
        for (var programmed = 0; programmed < _services - 1;)
        {
            var sync = await _synced.Task.WaitAsync(cancellationToken);
            _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
            programmed += sync.Count;
            bytes += sync.Bytes;
        }

        var (full, fullCpu) = (_time.GetElapsedTime(start), Cpu() - cpu);
        await Task.Delay(TimeSpan.FromSeconds(1), _time, cancellationToken);
        cpu = Cpu();
        var (replacement, replacementBytes) =
            await ChangeAsync(i => Slice(i, 1, EndpointsPerService), cancellationToken);
        var (count, countBytes) = await ChangeAsync(i => Slice(i, 1, EndpointsPerService - 1), cancellationToken);
        var changeCpu = (Cpu() - cpu) / (2 * Changes);
        await ConnectAsync(connects, $"with {_services} Services", [0, _services / 2, _services - 1]);
        return new NetworkFigures
        {
            Services = _services,
            FullProgramming = full,
            FullCpu = fullCpu,
            FullBytes = bytes,
            Renewal = await RenewAsync(cancellationToken),
            Replacement = replacement,
            ReplacementBytes = replacementBytes,
            CountChange = count,
            CountChangeBytes = countBytes,
            ChangeCpu = changeCpu,
            NftStart = await RepeatAsync(() => Commands.RunAsync("nft", ["-f", "/dev/null"], cancellationToken)),
            Check = await RepeatAsync(
                () => new ProxyTable(Namespaces.ClusterCidr, "", _time).IsIntactAsync(cancellationToken)),
            Connects = connects,
            Dns = await DnsMeter.MeasureAsync(_services, cancellationToken),
        };
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var health = new ProxyHealth(_time);
        var ports = new ServiceHealthPorts(health, NullLoggerFactory.Instance, NullLogger<ServiceHealthPorts>.Instance);
        _proxy = new ServiceProxy(
            _directory, _options, new NodeObject(new KubeClusterApi(_client), _options), health, ports,
            new KubeletMeters(), _time, NullLogger<ServiceProxy>.Instance);
        _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _proxy.Synced += (took, count, bytes) => _synced.TrySetResult((took, count, bytes));
        await _proxy.StartAsync(cancellationToken);
        await _synced.Task.WaitAsync(cancellationToken);
    }

    private async Task<TimeSpan> RenewAsync(CancellationToken cancellationToken)
    {
        await _proxy!.StopAsync(cancellationToken);
        _proxy.Dispose();
        var start = _time.GetTimestamp();
        await StartAsync(cancellationToken);
        return _time.GetElapsedTime(start);
    }

    private async Task<(Spread Latency, int Bytes)> ChangeAsync(
        Func<int, V1EndpointSlice> change, CancellationToken cancellationToken)
    {
        var found = new List<TimeSpan>();
        var bytes = 0;
        for (var i = 0; i < Changes; i++)
        {
            _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
            var start = _time.GetTimestamp();
            _directory.ChangeSlice(WatchEventType.Modified, change(i * (_services / Changes)));
            bytes = (await _synced.Task.WaitAsync(cancellationToken)).Bytes;
            found.Add(_time.GetElapsedTime(start));
            await Task.Delay(Calm, _time, cancellationToken);
        }

        return (Spread.Of(found), bytes);
    }

    // Ways take turns, so that all of them meet the same neighbours.
    private static async Task ConnectAsync(Dictionary<string, Spread> found, string when, int[] services)
    {
        var ways = services.Select(i => ($"through Service {i + 1}, {when}", ServiceAddress(i), 80))
            .Prepend(($"to the pod, {when}", PodAddress(services[^1], 1), PodPort)).ToArray();
        var times = Namespaces.Within(Namespaces.Client, () =>
        {
            var measured = ways.Select(_ => new List<TimeSpan>()).ToArray();
            for (var i = 0; i < Connects * ways.Length; i++)
            {
                var (_, address, port) = ways[i % ways.Length];
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                var start = Stopwatch.GetTimestamp();
                socket.Connect(new IPEndPoint(address, port));
                measured[i % ways.Length].Add(Stopwatch.GetElapsedTime(start));
            }

            return measured;
        });
        foreach (var (way, measured) in ways.Zip(times))
        {
            found[way.Item1] = Spread.Of(measured);
        }

        await Task.CompletedTask;
    }

    private async Task<Spread> RepeatAsync(Func<Task> work)
    {
        var found = new List<TimeSpan>();
        for (var i = 0; i < Starts; i++)
        {
            var start = _time.GetTimestamp();
            await work();
            found.Add(_time.GetElapsedTime(start));
        }

        return Spread.Of(found);
    }

    // Fields 14 to 17: what this process and the programs that it ran and has waited for have used.
    private static TimeSpan Cpu()
    {
        var stat = File.ReadAllText("/proc/self/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds(
            fields[11..15].Sum(f => double.Parse(f, CultureInfo.InvariantCulture)) / TicksPerSecond);
    }

    private static IPAddress ServiceAddress(int i) => new([10, (byte)(100 + (i >> 16)), (byte)(i >> 8), (byte)i]);

    // 10.244.0.0/17 has room for four pods of each of 8,000 Services.
    private static IPAddress PodAddress(int service, int pod) =>
        new([10, 244, (byte)(((service * 4) + pod) >> 8), (byte)((service * 4) + pod)]);

    private static V1Service Service(int i) => new()
    {
        Metadata = new V1ObjectMeta { Name = $"s{i}", NamespaceProperty = "default" },
        Spec = new V1ServiceSpec
        {
            ClusterIP = ServiceAddress(i).ToString(), Type = "ClusterIP", Ports = [new V1ServicePort { Port = 80 }],
        },
    };

    private static V1EndpointSlice Slice(int i, int firstPod, int pods) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = $"s{i}-x",
            NamespaceProperty = "default",
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = $"s{i}" },
        },
        AddressType = "IPv4",
        Ports = [new Discoveryv1EndpointPort { Name = "", Port = PodPort, Protocol = "TCP" }],
        Endpoints = [.. Enumerable.Range(firstPod, pods).Select(pod => new V1Endpoint
        {
            Addresses = [PodAddress(i, pod).ToString()], Conditions = new V1EndpointConditions { Ready = true },
        })],
    };
}

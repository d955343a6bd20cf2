using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Proxy;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Proxy;

/// <summary>
/// A node in a network namespace of its own: a bridge with three pods behind it, and a client outside, all with
/// addresses of both families. Each pod answers on TCP and UDP port 8080 with its own address, of the family that it is
/// asked by, and that of who asked.
/// </summary>
public sealed partial class TestNetwork : IAsyncLifetime
{
    public const string NodeAddress = "192.0.2.1";
    public const string DnsAddress = "10.96.0.10";
    public const string ClusterCidr = "10.200.0.0/16";
    public const string SixOfNode = "2001:db8::1";
    public const string SixOfOutside = "2001:db8::2";
    public const string SixClusterCidr = "fd00:10:200::/56";
    public const int PodPort = 8080;

    private const int CloneNewNet = 0x40000000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static int _networks;

    private readonly string _prefix = $"orct{Environment.ProcessId}-{Interlocked.Increment(ref _networks)}-";
    private readonly ConcurrentBag<Socket> _sockets = [];

    public static string? Unavailable =>
        !Linux.IsRoot ? "needs root"
        : !Commands.Exists("nft") || !Commands.Exists("conntrack") || !Commands.Exists("ip") ? "needs nft, conntrack and ip"
        : null;

    /// <summary>The same for IPv6.</summary>
    public static string? SixUnavailable => Unavailable ?? (Ipv6.IsAvailable ? null : "needs IPv6");

    public string Node => _prefix + "node";

    public string Outside => _prefix + "out";

    public string Pod(int number) => $"{_prefix}pod{number}";

    public static ProxyEndpoint Endpoint(int pod) =>
        new(IPAddress.Parse($"10.200.0.{10 + pod}"), PodPort, IsLocal: true);

    public static string Six(int pod) => $"fd00:10:200::{10 + pod:x}";

    public static ProxyEndpoint SixEndpoint(int pod) => new(IPAddress.Parse(Six(pod)), PodPort, IsLocal: true);

    public ProxyTable NewSixTable() => new(SixClusterCidr, DnsAddress, TimeProvider.System, space: Node);

    public ProxyTable NewTable() => new(ClusterCidr, DnsAddress, TimeProvider.System, space: Node);

    // Without redirects: the kernel counts them against the rate of its other ICMP messages, refusals among them.
    public async ValueTask InitializeAsync()
    {
        if (Unavailable is not null)
        {
            return;
        }

        await ShellAsync($"""
            ip netns add {Node}; ip netns add {Outside}
            ip netns exec {Node} sh -c 'cd /proc/sys/net/ipv4/conf; echo 0 > all/send_redirects; echo 0 > default/send_redirects'
            ip -n {Node} link set lo up; ip -n {Outside} link set lo up
            ip -n {Node} link add br0 type bridge; ip -n {Node} address add 10.200.0.1/24 dev br0; ip -n {Node} link set br0 up
            ip -n {Node} link add dns0 type bridge; ip -n {Node} address add {DnsAddress}/32 dev dns0; ip -n {Node} link set dns0 up
            ip -n {Node} link add out0 type veth peer name eth0 netns {Outside}
            ip -n {Node} address add {NodeAddress}/24 dev out0; ip -n {Node} link set out0 up
            ip -n {Outside} address add 192.0.2.2/24 dev eth0; ip -n {Outside} link set eth0 up
            ip -n {Outside} route add default via {NodeAddress}; ip -n {Node} route add default via 192.0.2.2
            ip netns exec {Node} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables'
            """);
        for (var pod = 1; pod <= 3; pod++)
        {
            await ShellAsync($"""
                ip netns add {Pod(pod)}; ip -n {Pod(pod)} link set lo up
                ip -n {Node} link add veth{pod} type veth peer name eth0 netns {Pod(pod)}
                ip -n {Node} link set veth{pod} master br0; ip -n {Node} link set veth{pod} type bridge_slave hairpin on; ip -n {Node} link set veth{pod} up
                ip -n {Pod(pod)} address add 10.200.0.{10 + pod}/24 dev eth0; ip -n {Pod(pod)} link set eth0 up
                ip -n {Pod(pod)} route add default via 10.200.0.1
                """);
            Serve(Pod(pod), $"10.200.0.{10 + pod}", IPAddress.Any);
        }

        if (SixUnavailable is null)
        {
            await AddSixAsync();
        }
    }

    private async Task AddSixAsync()
    {
        await ShellAsync($"""
            ip -n {Node} address add fd00:10:200::1/64 dev br0 nodad
            ip -n {Node} address add {SixOfNode}/64 dev out0 nodad
            ip -n {Outside} address add {SixOfOutside}/64 dev eth0 nodad
            ip -n {Outside} route add default via {SixOfNode}; ip -n {Node} route add default via {SixOfOutside}
            ip netns exec {Node} sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
            ip netns exec {Node} sh -c 'echo 1 > /proc/sys/net/bridge/bridge-nf-call-ip6tables'
            """);
        for (var pod = 1; pod <= 3; pod++)
        {
            await ShellAsync($"""
                ip -n {Pod(pod)} address add {Six(pod)}/64 dev eth0 nodad
                ip -n {Pod(pod)} route add default via fd00:10:200::1
                """);
            Serve(Pod(pod), Six(pod), IPAddress.IPv6Any);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        if (Unavailable is null)
        {
            await ShellAsync(
                string.Join('\n', new[] { Node, Outside, Pod(1), Pod(2), Pod(3) }.Select(n => $"ip netns delete {n}")));
        }
    }

    /// <summary>Runs commands of a shell; a failure is a failure of the test.</summary>
    public static async Task<string> ShellAsync(string script)
    {
        var result = await Commands.RunAsync("sh", ["-ec", script], CancellationToken.None);
        return result.Succeeded ? result.Output : throw new InvalidOperationException(result.Error);
    }

    /// <summary>Connects from a namespace and reads the answer: <c>SERVER CLIENT</c>.</summary>
    public async Task<(string Server, string Client)> AskAsync(
        string space, string address, int port, TimeSpan? patience = null)
    {
        using var socket = await ConnectAsync(space, address, port, patience);
        return await AskAsync(socket);
    }

    /// <summary>Asks over a connection that exists; TCP and UDP alike.</summary>
    public static async Task<(string Server, string Client)> AskAsync(Socket socket)
    {
        using var timeout = new CancellationTokenSource(Patience);
        await socket.SendAsync("?"u8.ToArray(), timeout.Token);
        var buffer = new byte[200];
        var parts = Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, timeout.Token)).Split(' ');
        return (parts[0], parts[1]);
    }

    public async Task<Socket> ConnectAsync(string space, string address, int port, TimeSpan? patience = null)
    {
        using var timeout = new CancellationTokenSource(patience ?? Patience);
        var to = IPAddress.Parse(address);
        var socket = Open(space, to.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(to, port), timeout.Token);
        return socket;
    }

    public Socket ConnectUdp(string space, string address, int port)
    {
        var to = IPAddress.Parse(address);
        var socket = Open(space, to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(new IPEndPoint(to, port));
        return socket;
    }

    private void Serve(string space, string name, IPAddress any)
    {
        var tcp = Open(space, any.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(any, PodPort));
        tcp.Listen();
        _ = Task.Run(async () =>
        {
            while (true)
            {
                _ = AnswerAsync(await tcp.AcceptAsync(), name);
            }
        });
        var udp = Open(space, any.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        udp.Bind(new IPEndPoint(any, PodPort));
        _ = Task.Run(async () =>
        {
            var buffer = new byte[100];
            while (true)
            {
                var received = await udp.ReceiveFromAsync(buffer, new IPEndPoint(any, 0));
                await udp.SendToAsync(
                    Encoding.ASCII.GetBytes($"{name} {((IPEndPoint)received.RemoteEndPoint).Address}"), received.RemoteEndPoint);
            }
        });
    }

    private static async Task AnswerAsync(Socket socket, string name)
    {
        using (socket)
        {
            var answer = Encoding.ASCII.GetBytes($"{name} {((IPEndPoint)socket.RemoteEndPoint!).Address}");
            var buffer = new byte[100];
            while (await socket.ReceiveAsync(buffer) > 0)
            {
                await socket.SendAsync(answer);
            }
        }
    }

    // A socket of IPv6 is that alone: the other family has its own.
    private Socket Open(string space, AddressFamily family, SocketType type, ProtocolType protocol)
    {
        var socket = In(space, () => new Socket(family, type, protocol));
        if (family == AddressFamily.InterNetworkV6)
        {
            socket.DualMode = false;
        }

        _sockets.Add(socket);
        return socket;
    }

    /// <summary>Makes something in a namespace: a socket belongs to that of the thread that makes it.</summary>
    public T In<T>(string space, Func<T> make)
        where T : class
    {
        T? made = null;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            using var handle = File.OpenHandle($"/run/netns/{space}");
            if (SetNamespace(handle, CloneNewNet) != 0)
            {
                return;
            }

            try
            {
                made = make();
            }
            catch (SocketException refused)
            {
                failure = refused;
            }
        });
        thread.Start();
        thread.Join();
        return made ?? throw new InvalidOperationException("setns", failure);
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle descriptor, int kind);
}

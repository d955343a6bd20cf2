using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Bench.Network;

/// <summary>
/// A node in a network namespace of its own, a client pod in another, and a third one that has all addresses of pods.
/// </summary>
public static partial class Namespaces
{
    public const string ClusterCidr = "10.244.0.0/16";

    /// <summary>Begins the names of a run's namespaces: several runs on one machine must not meet.</summary>
    public static string Prefix { get; set; } = $"orcb{Environment.ProcessId}";

    public static string Node => Prefix + "-node";

    public static string Pods => Prefix + "-pods";

    public static string Client => Prefix + "-client";

    private const int CloneNewNet = 0x40000000;

    public static Task MakeAsync() => ShellAsync($"""
        ip netns add {Node}; ip netns add {Pods}; ip netns add {Client}
        ip -n {Node} link set lo up; ip -n {Pods} link set lo up; ip -n {Client} link set lo up
        ip -n {Node} link add pods0 type veth peer name eth0 netns {Pods}
        ip -n {Node} address add 10.255.0.1/30 dev pods0; ip -n {Node} link set pods0 up
        ip -n {Pods} address add 10.255.0.2/30 dev eth0; ip -n {Pods} link set eth0 up
        ip -n {Node} route add 10.244.0.0/17 via 10.255.0.2
        ip -n {Pods} route add local 10.244.0.0/17 dev lo; ip -n {Pods} route add default via 10.255.0.1
        ip -n {Node} link add client0 type veth peer name eth0 netns {Client}
        ip -n {Node} address add 10.244.128.1/24 dev client0; ip -n {Node} link set client0 up
        ip -n {Client} address add 10.244.128.2/24 dev eth0; ip -n {Client} link set eth0 up
        ip -n {Client} route add default via 10.244.128.1
        ip netns exec {Node} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
        """);

    public static Task RemoveAsync() => ShellAsync(
        $"for n in {Node} {Pods} {Client}; do [ ! -e /run/netns/$n ] || ip netns delete $n; done");

    /// <summary>Runs on a thread of its own in a namespace; sockets made there belong to it.</summary>
    public static T Within<T>(string space, Func<T> work)
    {
        T? result = default;
        Exception? problem = null;
        var thread = new Thread(() =>
        {
            using var handle = File.OpenHandle($"/run/netns/{space}");
            try
            {
                result = SetNamespace(handle, CloneNewNet) == 0 ? work()
                    : throw new InvalidOperationException($"no namespace {space}");
            }
            catch (SocketException failure)
            {
                problem = failure;
            }
        });
        thread.Start();
        thread.Join();
        return problem is null ? result! : throw new IOException("a connection failed", problem);
    }

    /// <summary>Takes every connection to the port on every address, and closes it.</summary>
    public static Socket Serve(string space, int port)
    {
        var listener = Within(space, () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            socket.Listen();
            return socket;
        });
        _ = AcceptAsync(listener);
        return listener;
    }

    private static async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            (await listener.AcceptAsync()).Dispose();
        }
    }

    private static async Task ShellAsync(string script)
    {
        var (code, output) = await Programs.RunAsync("sh", ["-ec", script], CancellationToken.None);
        if (code != 0)
        {
            throw new InvalidOperationException(output);
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle descriptor, int kind);
}

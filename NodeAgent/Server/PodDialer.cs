using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// Connects to a port inside a pod, as seen from inside: programs that listen on the pod's own loopback are reached
/// too. A socket belongs to the network namespace of the thread that makes it, so a thread of its own enters the pod's,
/// makes the socket, and ends.
/// </summary>
public sealed partial class PodDialer(CriClient cri)
{
    private const int CloneNewNet = 0x40000000;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A connection to the port; refused or timed out is a <see cref="SocketException"/>.</summary>
    public async Task<NetworkStream> ConnectAsync(
        string sandboxId, bool hostNetwork, int port, CancellationToken cancellationToken)
    {
        int? pid = hostNetwork ? null : await ProcessIdAsync(sandboxId, cancellationToken);
        try
        {
            return await ConnectAsync(pid, new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
        }
        catch (SocketException refusal) when (refusal.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // As containerd does: a program may listen on the loopback of IPv6 alone.
            try
            {
                return await ConnectAsync(pid, new IPEndPoint(IPAddress.IPv6Loopback, port), cancellationToken);
            }
            catch (SocketException)
            {
                ExceptionDispatchInfo.Throw(refusal);
                throw;
            }
        }
    }

    private static async Task<NetworkStream> ConnectAsync(
        int? pid, IPEndPoint target, CancellationToken cancellationToken)
    {
        var socket = pid is { } inside
            ? await OpenInsideAsync(inside, target.AddressFamily)
            : new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(ConnectTimeout);
            await socket.ConnectAsync(target, timeout.Token);
            socket.NoDelay = true;
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<int> ProcessIdAsync(string sandboxId, CancellationToken cancellationToken)
    {
        var status = await cri.Runtime.PodSandboxStatusAsync(
            new PodSandboxStatusRequest { PodSandboxId = sandboxId, Verbose = true }, cancellationToken: cancellationToken);
        using var info = JsonDocument.Parse(status.Info["info"]);
        return info.RootElement.GetProperty("pid").GetInt32();
    }

    private static Task<Socket> OpenInsideAsync(int pid, AddressFamily family)
    {
        var result = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                using var space = File.OpenHandle($"/proc/{pid}/ns/net");
                if (SetNamespace(space, CloneNewNet) != 0)
                {
                    throw new Win32Exception(Marshal.GetLastPInvokeError(), "entering the pod's network failed");
                }

                result.SetResult(new Socket(family, SocketType.Stream, ProtocolType.Tcp));
            }
            catch (Exception exception)
            {
                result.SetException(exception);
            }
        });
        thread.Start();
        return result.Task;
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle descriptor, int kind);
}

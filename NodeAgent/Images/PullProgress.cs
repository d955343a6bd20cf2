using System.Globalization;
using Grpc.Core;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.ContainerdContent;
using OrleansOrchestrator.NodeAgent.Cri.ContainerdSnapshots;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>A pull was given up because nothing more came.</summary>
public sealed class PullStalledException(string message) : Exception(message);

/// <summary>
/// Gives up pulls that get nowhere: a registry may accept a connection and never answer, and older containerds wait for
/// ever then. Progress is that the content store or an unpacked layer grows, of whatever image: which of them belongs
/// to which pull is not told. So beside a pull that runs a stuck one may live longer, but a pull that runs is never
/// given up (containerd stores what arrives a mebibyte at a time). A runtime that does not answer these questions looks
/// after its own pulls.
/// </summary>
public sealed class PullProgress(NodeAgentOptions options, CriClient cri, TimeProvider time)
{
    private const int ChecksPerTimeout = 10;
    private const string Extracting = "extract-";

    private TimeSpan Limit => options.Housekeeping.ImagePullProgressTimeout;

    /// <summary>Runs a pull to its end, or until it makes no progress any more.</summary>
    public async Task<T> WatchAsync<T>(
        string image, Func<CancellationToken, Task<T>> pull, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pulling = pull(stop.Token);
        var (before, since) = ("", time.GetSteadyTime());
        while (await Task.WhenAny(pulling, Task.Delay(Limit / ChecksPerTimeout, time, stop.Token)) != pulling)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var now = await ReadAsync(cancellationToken);
            if (now is null || now != before)
            {
                (before, since) = (now ?? "", time.GetSteadyTime());
            }
            else if (time.GetSteadyTime() - since >= Limit)
            {
                await stop.CancelAsync();
                await ((Task)pulling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new PullStalledException(
                    $"rpc error: code = DeadlineExceeded desc = failed to pull and unpack image \"{image}\": no progress for {GoDuration.Format(Limit)}");
            }
        }

        var result = await pulling;
        await stop.CancelAsync(); // the last delay
        return result;
    }

    /// <summary>Everything that changes while something is fetched or unpacked; null when it cannot be told.</summary>
    private async Task<string?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var content = await cri.Content.ListStatusesAsync(
                new ListStatusesRequest(), ContainerdFacts.Namespace, cancellationToken: cancellationToken);
            var sizes = content.Statuses.Select(s => (Name: s.Ref, Size: s.Offset)).ToList();
            foreach (var snapshot in await ListUnfinishedAsync(cancellationToken))
            {
                var usage = await cri.Snapshots.UsageAsync(
                    new UsageRequest { Snapshotter = ContainerdFacts.Snapshotter, Key = snapshot },
                    ContainerdFacts.Namespace, cancellationToken: cancellationToken);
                sizes.Add((snapshot, usage.Size + usage.Inodes));
            }

            return string.Join('\n', sizes.OrderBy(s => s.Name, StringComparer.Ordinal)
                .Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Name}={s.Size}")));
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<List<string>> ListUnfinishedAsync(CancellationToken cancellationToken)
    {
        var found = new List<string>();
        var request = new ListSnapshotsRequest
        {
            Snapshotter = ContainerdFacts.Snapshotter, Filters = { "kind==active" },
        };
        using var call = cri.Snapshots.List(request, ContainerdFacts.Namespace, cancellationToken: cancellationToken);
        await foreach (var page in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            found.AddRange(page.Info.Select(i => i.Name).Where(
                n => n.StartsWith(Extracting, StringComparison.Ordinal)));
        }

        return found;
    }
}

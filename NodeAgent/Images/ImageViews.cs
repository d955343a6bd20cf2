using System.Globalization;
using System.Text.Json;
using Grpc.Core;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.ContainerdSnapshots;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// Views of images' files, which containerd keeps until they are removed: neither its own collection nor the removal of
/// the image takes the files away before. CRI has mounts of images from containerd 2.1 on; this serves older ones, too.
/// </summary>
public sealed class ImageViews(CriClient cri, TimeProvider time)
{
    /// <summary>containerd's own label for what its collection leaves alone; any value will do.</summary>
    private const string KeepLabel = "containerd.io/gc.root";

    private const string ImageLabel = "node.orc.dev/image";

    /// <summary>
    /// Makes a view, or finds the one that is there, and says how to mount it. Throws <see cref="RpcException"/>, with
    /// <see cref="StatusCode.Unimplemented"/> by runtimes other than containerd.
    /// </summary>
    public async Task<IReadOnlyList<SnapshotMount>> OpenAsync(
        string key, string imageId, CancellationToken cancellationToken)
    {
        var request = new ViewSnapshotRequest
        {
            Snapshotter = ContainerdFacts.Snapshotter, Key = key, Parent = await ChainAsync(imageId, cancellationToken),
            Labels =
            {
                [KeepLabel] = time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture), [ImageLabel] = imageId,
            },
        };
        try
        {
            var made = await cri.Snapshots.ViewAsync(
                request, ContainerdFacts.Namespace, cancellationToken: cancellationToken);
            return made.Mounts;
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.AlreadyExists)
        {
            var found = await cri.Snapshots.MountsAsync(
                new MountsRequest { Snapshotter = ContainerdFacts.Snapshotter, Key = key }, ContainerdFacts.Namespace,
                cancellationToken: cancellationToken);
            return found.Mounts;
        }
    }

    /// <summary>Gives a view up; one that is not there is no error.</summary>
    public async Task RemoveAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            await cri.Snapshots.RemoveAsync(
                new RemoveSnapshotRequest { Snapshotter = ContainerdFacts.Snapshotter, Key = key },
                ContainerdFacts.Namespace, cancellationToken: cancellationToken);
        }
        catch (RpcException exception) when (exception.StatusCode is StatusCode.NotFound or StatusCode.Unimplemented)
        {
            // That was wanted; and a runtime that is not containerd has none.
        }
    }

    /// <summary>The ids of the images that have views.</summary>
    public async Task<IReadOnlyCollection<string>> ImagesAsync(CancellationToken cancellationToken)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var request = new ListSnapshotsRequest
        {
            Snapshotter = ContainerdFacts.Snapshotter, Filters = { $"labels.\"{ImageLabel}\"" },
        };
        try
        {
            using var call = cri.Snapshots.List(
                request, ContainerdFacts.Namespace, cancellationToken: cancellationToken);
            await foreach (var page in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                found.UnionWith(page.Info.Select(static i => i.Labels[ImageLabel]));
            }
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.Unimplemented)
        {
            // A runtime that is not containerd has none.
        }

        return found;
    }

    /// <summary>The name of an image's uppermost layer, which the CRI part tells to those who ask in detail.</summary>
    private async Task<string> ChainAsync(string imageId, CancellationToken cancellationToken)
    {
        var answer = await cri.Images.ImageStatusAsync(
            new ImageStatusRequest { Image = new ImageSpec { Image = imageId }, Verbose = true },
            cancellationToken: cancellationToken);
        if (!answer.Info.TryGetValue("info", out var json))
        {
            throw new RpcException(new Status(StatusCode.Unimplemented, "the runtime does not tell an image's layers"));
        }

        using var info = JsonDocument.Parse(json);
        return info.RootElement.GetProperty("chainID").GetString()!;
    }
}

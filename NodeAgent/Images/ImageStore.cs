using Grpc.Core;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>The images on this node: what is there, and taking in archives.</summary>
public sealed class ImageStore(NodeAgentOptions options, CriClient cri, TimeProvider time)
{
    /// <summary>containerd tells its CRI part about new images by an event: it sees an import a moment later.</summary>
    private static readonly TimeSpan ImportVisible = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ImportPoll = TimeSpan.FromMilliseconds(20);

    public async Task<Image?> FindAsync(string reference, CancellationToken cancellationToken)
    {
        var answer = await cri.Images.ImageStatusAsync(
            new ImageStatusRequest { Image = new ImageSpec { Image = reference } }, cancellationToken: cancellationToken);
        return answer.Image is { Id.Length: > 0 } image ? image : null;
    }

    public async Task<IReadOnlyList<Image>> ListAsync(CancellationToken cancellationToken) =>
        (await cri.Images.ListImagesAsync(new ListImagesRequest(), cancellationToken: cancellationToken)).Images;

    /// <summary>Imports an OCI or docker archive; returns the references it brought.</summary>
    public async Task<IReadOnlyList<string>> ImportAsync(string archivePath, CancellationToken cancellationToken)
    {
        var before = await ReferencesAsync(cancellationToken);
        var result = await Commands.RunAsync(
            "ctr",
            [
                "--address", options.SocketPath, "--namespace", ContainerdFacts.NamespaceName, "images", "import",
                archivePath,
            ],
            cancellationToken);
        if (!result.Succeeded)
        {
            throw new InvalidDataException($"import of {archivePath} failed: {result.Error.Trim()}");
        }

        var named = ImportedNames(result.Output);
        await WaitVisibleAsync(named, cancellationToken);
        return named.Count > 0 ? named : [.. (await ReferencesAsync(cancellationToken)).Except(before)];
    }

    /// <summary>The sandbox image comes from our own bytes, never from a registry.</summary>
    public async Task EnsurePauseImageAsync(CancellationToken cancellationToken)
    {
        if (!options.OwnsRuntime || await FindAsync(PauseImage.Reference, cancellationToken) is not null)
        {
            return;
        }

        var archive = Path.Combine(options.ContainerdDirectory, "pause.tar");
        await using (var file = OwnFiles.Create(archive))
        {
            PauseImage.Write(file);
        }

        await ImportAsync(archive, cancellationToken);
        File.Delete(archive);
    }

    public async Task RemoveAsync(string imageId, CancellationToken cancellationToken) =>
        await cri.Images.RemoveImageAsync(
            new RemoveImageRequest { Image = new ImageSpec { Image = imageId } }, cancellationToken: cancellationToken);

    private async Task WaitVisibleAsync(IReadOnlyList<string> references, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        foreach (var reference in references)
        {
            while (await FindAsync(reference, cancellationToken) is null)
            {
                if (time.GetElapsedTime(started) > ImportVisible)
                {
                    throw new RpcException(new Status(
                        StatusCode.DeadlineExceeded, $"\"{reference}\" was imported but the runtime does not list it"));
                }

                await Task.Delay(ImportPoll, time, cancellationToken);
            }
        }
    }

    private async Task<HashSet<string>> ReferencesAsync(CancellationToken cancellationToken) =>
        [.. (await ListAsync(cancellationToken)).SelectMany(image => image.RepoTags)];

    /// <summary>ctr prints one line per image: <c>unpacking NAME (sha256:…)...done</c>.</summary>
    private static List<string> ImportedNames(string output) =>
    [
        .. output.Split('\n')
            .Where(line => line.StartsWith("unpacking ", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[1]),
    ];
}

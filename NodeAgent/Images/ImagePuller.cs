using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>Why an image is not there, in the API's words.</summary>
public sealed class ImageException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;
}

/// <summary>
/// Makes sure that an image is there: pull policy, credentials, bounded pulls and back-off. Who may not use an image
/// that is there is told the same as when it is not.
/// </summary>
public sealed class ImagePuller(
    NodeAgentOptions options,
    ImageStore store,
    PullSecrets secrets,
    NodeDockerConfiguration ofNode,
    CredentialPlugins plugins,
    PullRecords records,
    PullProgress progress,
    CriClient cri,
    EventRecorder events,
    KubeletMeters meters,
    TimeProvider time)
{
    public const string ErrImagePull = "ErrImagePull";
    public const string ImagePullBackOff = "ImagePullBackOff";
    public const string ErrImageNeverPull = "ErrImageNeverPull";
    public const string InvalidImageName = "InvalidImageName";
    public const string ImageInspectError = "ImageInspectError";

    // What runtimes begin their errors with, by a convention of CRI, and what upstream makes of it.
    private static readonly (string Reason, string Because)[] KnownFailures =
    [
        ("RegistryUnavailable", "the registry is unavailable"),
        ("SignatureValidationFailed", "the signature validation failed"),
    ];

    private readonly SemaphoreSlim _slots = new(Math.Max(1, options.MaxParallelImagePulls));
    private readonly ConcurrentDictionary<(string PodUid, string Image), Failure> _failures = new();

    private readonly record struct Failure(BackOffEntry BackOff, SteadyTime At, string Reason, string Message);

    /// <summary>Returns the image's id. Throws <see cref="ImageException"/> when it cannot be had now.</summary>
    public async Task<string> EnsureAsync(WantedImage wanted, CancellationToken cancellationToken)
    {
        var image = ImageReference.WithDefaultTag(wanted.Reference);
        if (image is null)
        {
            var text = $"Failed to apply default image tag \"{wanted.Reference}\": couldn't parse image name "
                + $"\"{wanted.Reference}\": {ImageReference.Problem(wanted.Reference)}";
            Tell(wanted, EventRecorder.Warning, "InspectFailed", text);
            throw new ImageException(InvalidImageName, text);
        }

        var policy = wanted.Policy ?? DefaultPolicy(image);
        var present = policy == "Always" ? null : await InspectAsync(wanted, image, cancellationToken);
        if (present is null && policy == "Never")
        {
            throw NeverPull(wanted);
        }

        var shown = await SecretsAsync(wanted.Pod, image, cancellationToken);
        var check = Check(image, present, shown);
        if (check.MustPull)
        {
            shown = [.. shown, .. ofNode.For(image), .. await plugins.ForAsync(wanted.Pod, image, cancellationToken)];
            check = Check(image, present, shown);
        }

        if (present is not null)
        {
            meters.PullChecks.Add(check.Result);
        }

        if (present is not null && !check.MustPull)
        {
            Tell(wanted, EventRecorder.Normal, "Pulled",
                $"Container image \"{wanted.Reference}\" already present on machine and can be accessed by the pod");
            return present.Id;
        }

        return policy == "Never"
            ? throw NeverPull(wanted)
            : await PullAsync(wanted, image, shown, cancellationToken);
    }

    /// <summary>Why a container waits whose image was just asked for in vain.</summary>
    public static bool IsFailedPull(string reason) =>
        reason == ErrImagePull || KnownFailures.Any(f => f.Reason == reason);

    /// <summary>When the back-off of a pod's failed pulls next ends; null when none waits.</summary>
    public SteadyTime? NextAttempt(string podUid)
    {
        var waits =
            _failures.Where(f => f.Key.PodUid == podUid).Select(f => f.Value.At + f.Value.BackOff.Delay).ToList();
        return waits.Count == 0 ? null : waits.Min();
    }

    public void Forget(string podUid)
    {
        foreach (var key in _failures.Keys.Where(k => k.PodUid == podUid))
        {
            _failures.TryRemove(key, out _);
        }

        plugins.Forget(podUid);
    }

    private PullCheck Check(string image, Image? present, IReadOnlyList<PullCredential> shown) =>
        present is null ? PullCheck.MustAuthenticate : records.Check(
            image, present, shown.Select(static c => c.Source).OfType<PullSecretSource>(),
            shown.Select(static c => c.Account).FirstOrDefault(static a => a is not null));

    private void Tell(WantedImage wanted, string type, string reason, string text) =>
        events.Pod(wanted.Pod, wanted.Container, type, reason, text);

    private ImageException NeverPull(WantedImage wanted)
    {
        var text = $"Container image \"{wanted.Reference}\" is not present with pull policy of Never";
        Tell(wanted, EventRecorder.Warning, ErrImageNeverPull, text);
        return new ImageException(ErrImageNeverPull, text);
    }

    private async Task<IReadOnlyList<PullCredential>> SecretsAsync(
        V1Pod pod, string image, CancellationToken cancellationToken)
    {
        var found = await secrets.ForAsync(pod, image, cancellationToken);
        if (found.MissingSecrets.Count > 0)
        {
            events.Pod(pod, EventRecorder.Warning, "FailedToRetrieveImagePullSecret",
                $"Unable to retrieve some image pull secrets ({string.Join(", ", found.MissingSecrets)}); "
                + "attempting to pull the image may not succeed.");
        }

        return found.Credentials;
    }

    private async Task<Image?> InspectAsync(
        WantedImage wanted, string image, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindAsync(image, cancellationToken);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            var text = $"Failed to inspect image \"{image}\": {CriErrors.Text(exception)}";
            Tell(wanted, EventRecorder.Warning, "InspectFailed", text);
            throw new ImageException(ImageInspectError, text);
        }
    }

    private async Task<string> PullAsync(
        WantedImage wanted, string image, IReadOnlyList<PullCredential> credentials,
        CancellationToken cancellationToken)
    {
        var key = (wanted.Pod.Metadata.Uid, image);
        if (_failures.TryGetValue(key, out var failure)
            && BackOffEntry.WaitUntil(failure.BackOff, failure.At, time.GetSteadyTime()) is not null)
        {
            Tell(wanted, EventRecorder.Normal, "BackOff", $"Back-off pulling image \"{wanted.Reference}\"");
            throw new ImageException(
                ImagePullBackOff,
                $"Back-off pulling image \"{wanted.Reference}\": {failure.Reason}: {failure.Message}");
        }

        var asked = time.GetTimestamp();
        await _slots.WaitAsync(cancellationToken);
        try
        {
            Tell(wanted, EventRecorder.Normal, "Pulling", $"Pulling image \"{wanted.Reference}\"");
            var started = time.GetTimestamp();
            var id = await PullRecordedAsync(image, credentials, cancellationToken);
            _failures.TryRemove(key, out _);
            await RecordPulledAsync(wanted, image, started, asked, cancellationToken);
            return id;
        }
        catch (PullFailedException exception)
        {
            throw Failed(wanted, key, exception.Message);
        }
        catch (IOException exception)
        {
            throw Failed(wanted, key,
                $"Failed to record image pull intent for container image \"{wanted.Reference}\": {exception.Message}");
        }
        catch (PullStalledException exception)
        {
            throw Failed(wanted, key, exception.Message);
        }
        finally
        {
            _slots.Release();
        }
    }

    private ImageException Failed(WantedImage wanted, (string, string) key, string problem)
    {
        var now = time.GetSteadyTime();
        BackOffEntry? before = _failures.TryGetValue(key, out var earlier) ? earlier.BackOff : null;
        var (reason, message) = Explain(wanted.Reference, problem);
        _failures[key] = new Failure(BackOffEntry.Next(before, now, now), now, reason, message);
        Tell(wanted, EventRecorder.Warning, "Failed", $"Failed to pull image \"{wanted.Reference}\": {problem}");
        return new ImageException(reason, message);
    }

    /// <summary>Reason and message of a container whose image could not be pulled because of a problem.</summary>
    public static (string Reason, string Message) Explain(string image, string problem) =>
        KnownFailures.FirstOrDefault(f => problem.StartsWith(f.Reason, StringComparison.Ordinal)) is
            { Reason: { } reason, Because: { } because }
            ? (reason, $"image pull failed for {image} because {because}{problem[reason.Length..]}")
            : (ErrImagePull, problem);

    private async Task<string> PullRecordedAsync(
        string image, IReadOnlyList<PullCredential> credentials, CancellationToken cancellationToken)
    {
        records.BeginPull(image);
        var pulled = false;
        try
        {
            var (id, used) = await PullWithFirstThatFitsAsync(image, credentials, cancellationToken);
            pulled = true;
            records.EndPull(image, id, used?.Source, used?.Account);
            return id;
        }
        finally
        {
            if (!pulled)
            {
                records.FailPull(image);
            }
        }
    }

    private async Task<(string Id, PullCredential? Used)> PullWithFirstThatFitsAsync(
        string image, IReadOnlyList<PullCredential> credentials, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        PullCredential?[] attempts = credentials.Count == 0 ? [null] : [.. credentials];
        foreach (var attempt in attempts)
        {
            try
            {
                var request = new PullImageRequest { Image = new ImageSpec { Image = image }, Auth = attempt?.Auth };
                var answer = await progress.WatchAsync(
                    image, token => cri.Images.PullImageAsync(request, cancellationToken: token).ResponseAsync, cancellationToken);
                return (answer.ImageRef, attempt);
            }
            catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
            {
                // the next credentials may be the right ones
                problems.Add(Problem(exception));
            }
        }

        throw new PullFailedException(GoErrors.Join(problems)!);
    }

    // As upstream: a code that says no more than that there was an error is left out.
    private static string Problem(RpcException exception) =>
        exception.StatusCode == StatusCode.Unknown ? exception.Status.Detail : CriErrors.Text(exception);

    private async Task RecordPulledAsync(
        WantedImage wanted, string image, long started, long asked, CancellationToken cancellationToken)
    {
        var size = (await store.FindAsync(image, cancellationToken))?.Size ?? 0;
        var took = GoDuration.Format(Milliseconds(time.GetElapsedTime(started)));
        var waited = GoDuration.Format(Milliseconds(time.GetElapsedTime(asked)));
        Tell(wanted, EventRecorder.Normal, "Pulled", string.Create(
            CultureInfo.InvariantCulture,
            $"Successfully pulled image \"{wanted.Reference}\" in {took} ({waited} including waiting). "
            + $"Image size: {size} bytes."));
    }

    private static TimeSpan Milliseconds(TimeSpan t) => TimeSpan.FromMilliseconds((long)t.TotalMilliseconds);

    private static string DefaultPolicy(string image) =>
        image.EndsWith(":latest", StringComparison.Ordinal) ? "Always" : "IfNotPresent";

    /// <summary>No credentials fitted; the message tells the problem of each.</summary>
    private sealed class PullFailedException(string message) : Exception(message);
}

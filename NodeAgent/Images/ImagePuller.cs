using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Pods;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>Why a container's image is not there, in the API's words.</summary>
public sealed class ImageException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;
}

/// <summary>
/// Makes sure that a container's image is there: pull policy, credentials, bounded pulls and back-off.
/// </summary>
public sealed class ImagePuller(
    NodeAgentOptions options,
    ImageStore store,
    PullSecrets secrets,
    PullRecords records,
    PullProgress progress,
    CriClient cri,
    EventRecorder events,
    TimeProvider time)
{
    public const string ErrImagePull = "ErrImagePull";
    public const string ImagePullBackOff = "ImagePullBackOff";
    public const string ErrImageNeverPull = "ErrImageNeverPull";
    public const string InvalidImageName = "InvalidImageName";
    public const string ImageInspectError = "ImageInspectError";

    private readonly SemaphoreSlim _slots = new(Math.Max(1, options.MaxParallelImagePulls));
    private readonly ConcurrentDictionary<(string PodUid, string Image), Failure> _failures = new();

    private readonly record struct Failure(BackOffEntry BackOff, SteadyTime At, string Message);

    /// <summary>Returns the image's id. Throws <see cref="ImageException"/> when it cannot be had now.</summary>
    public async Task<string> EnsureAsync(V1Pod pod, V1Container container, CancellationToken cancellationToken)
    {
        var image = ImageReference.WithDefaultTag(container.Image ?? "");
        if (image is null)
        {
            var text = $"Failed to apply default image tag \"{container.Image}\": couldn't parse image name "
                + $"\"{container.Image}\": invalid reference format";
            events.Pod(pod, container, EventRecorder.Warning, "InspectFailed", text);
            throw new ImageException(InvalidImageName, text);
        }

        var policy = container.ImagePullPolicy ?? DefaultPolicy(image);
        var present = policy == "Always" ? null : await InspectAsync(pod, container, image, cancellationToken);
        if (present is null && policy == "Never")
        {
            throw NeverPull(
                pod, container, $"Container image \"{container.Image}\" is not present with pull policy of Never");
        }

        var credentials = await CredentialsAsync(pod, image, cancellationToken);
        if (present is not null
                && !records.MustPull(image, present, credentials.Select(c => c.Source).OfType<PullSecretSource>()))
        {
            events.Pod(pod, container, EventRecorder.Normal, "Pulled",
                $"Container image \"{container.Image}\" already present on machine and can be accessed by the pod");
            return present.Id;
        }

        if (policy == "Never")
        {
            throw NeverPull(
                pod, container,
                $"Container image \"{container.Image}\" is present with pull policy of Never but does not have the "
                + "proper credentials to access the image");
        }

        return await PullAsync(pod, container, image, credentials, cancellationToken);
    }

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
    }

    private ImageException NeverPull(V1Pod pod, V1Container container, string text)
    {
        events.Pod(pod, container, EventRecorder.Warning, ErrImageNeverPull, text);
        return new ImageException(ErrImageNeverPull, text);
    }

    private async Task<IReadOnlyList<PullCredential>> CredentialsAsync(
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
        V1Pod pod, V1Container container, string image, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindAsync(image, cancellationToken);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            var text = $"Failed to inspect image \"{image}\": {CriErrors.Text(exception)}";
            events.Pod(pod, container, EventRecorder.Warning, "InspectFailed", text);
            throw new ImageException(ImageInspectError, text);
        }
    }

    private async Task<string> PullAsync(
        V1Pod pod, V1Container container, string image, IReadOnlyList<PullCredential> credentials,
        CancellationToken cancellationToken)
    {
        var key = (pod.Metadata.Uid, image);
        if (_failures.TryGetValue(key, out var failure)
            && BackOffEntry.WaitUntil(failure.BackOff, failure.At, time.GetSteadyTime()) is not null)
        {
            events.Pod(
                pod, container, EventRecorder.Normal, "BackOff", $"Back-off pulling image \"{container.Image}\"");
            throw new ImageException(
                ImagePullBackOff, $"Back-off pulling image \"{container.Image}\": {ErrImagePull}: {failure.Message}");
        }

        var asked = time.GetTimestamp();
        await _slots.WaitAsync(cancellationToken);
        try
        {
            events.Pod(pod, container, EventRecorder.Normal, "Pulling", $"Pulling image \"{container.Image}\"");
            var started = time.GetTimestamp();
            var id = await PullRecordedAsync(image, credentials, cancellationToken);
            _failures.TryRemove(key, out _);
            await RecordPulledAsync(pod, container, image, started, asked, cancellationToken);
            return id;
        }
        catch (PullFailedException exception)
        {
            throw Failed(pod, container, key, exception.Message);
        }
        catch (IOException exception)
        {
            throw Failed(
                pod, container, key,
                $"Failed to record image pull intent for container image \"{container.Image}\": {exception.Message}");
        }
        catch (PullStalledException exception)
        {
            throw Failed(pod, container, key, exception.Message);
        }
        finally
        {
            _slots.Release();
        }
    }

    private ImageException Failed(V1Pod pod, V1Container container, (string, string) key, string problem)
    {
        var now = time.GetSteadyTime();
        BackOffEntry? before = _failures.TryGetValue(key, out var earlier) ? earlier.BackOff : null;
        _failures[key] = new Failure(BackOffEntry.Next(before, now, now), now, problem);
        events.Pod(
            pod, container, EventRecorder.Warning, "Failed", $"Failed to pull image \"{container.Image}\": {problem}");
        return new ImageException(ErrImagePull, problem);
    }

    private async Task<string> PullRecordedAsync(
        string image, IReadOnlyList<PullCredential> credentials, CancellationToken cancellationToken)
    {
        records.BeginPull(image);
        var pulled = false;
        try
        {
            var (id, used) = await PullWithFirstThatFitsAsync(image, credentials, cancellationToken);
            pulled = true;
            records.EndPull(image, id, used?.Source);
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

        var distinct = problems.Distinct(StringComparer.Ordinal).ToList();
        throw new PullFailedException(distinct.Count == 1 ? distinct[0] : $"[{string.Join(", ", distinct)}]");
    }

    // As upstream: a code that says no more than that there was an error is left out.
    private static string Problem(RpcException exception) =>
        exception.StatusCode == StatusCode.Unknown ? exception.Status.Detail : CriErrors.Text(exception);

    private async Task RecordPulledAsync(
        V1Pod pod, V1Container container, string image, long started, long asked, CancellationToken cancellationToken)
    {
        var size = (await store.FindAsync(image, cancellationToken))?.Size ?? 0;
        var took = GoDuration.Format(Milliseconds(time.GetElapsedTime(started)));
        var waited = GoDuration.Format(Milliseconds(time.GetElapsedTime(asked)));
        events.Pod(pod, container, EventRecorder.Normal, "Pulled", string.Create(
            CultureInfo.InvariantCulture,
            $"Successfully pulled image \"{container.Image}\" in {took} ({waited} including waiting). Image size: {size} bytes."));
    }

    private static TimeSpan Milliseconds(TimeSpan t) => TimeSpan.FromMilliseconds((long)t.TotalMilliseconds);

    private static string DefaultPolicy(string image) =>
        image.EndsWith(":latest", StringComparison.Ordinal) ? "Always" : "IfNotPresent";

    /// <summary>No credentials fitted; the message tells the problem of each.</summary>
    private sealed class PullFailedException(string message) : Exception(message);
}

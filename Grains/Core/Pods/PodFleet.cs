using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>
/// Makes and deletes the pods of one owner whose names are its prefix and five letters, with upstream's events
/// (<c>RealPodControl</c>).
/// <para>
/// What an interrupted step was not told of (requests still under way, of this or of a lost activation) has the names
/// that the next step gives again, see <see cref="ChildSequence"/>, and AlreadyExists counts as done.
/// </para>
/// </summary>
public sealed class PodFleet(IResourceClient client, EventRecorder events, IChildCursors cursors)
{
    /// <summary>Pods created or deleted at once.</summary>
    public const int MaxFanOut = 64;

    private readonly KeptCursor _cursor = new(cursors);
    private ChildSequence? _sequence;
    private int _firstBatch = 1;

    /// <summary>Creates pods under the next names, in batches that double as long as all goes well.</summary>
    /// <param name="owner">Events are about it, names derive from it.</param>
    /// <param name="existing">All of its pods, whatever their state.</param>
    /// <param name="count">How many.</param>
    /// <param name="request">The create of the pod at an index under a name.</param>
    /// <param name="cancellationToken">Ends the step.</param>
    public async Task<FleetResult> CreateAsync(
        V1ObjectReference owner,
        IReadOnlyList<PodFacts> existing,
        int count,
        Func<int, string, CreateRequest> request,
        CancellationToken cancellationToken)
    {
        var names = new ChildNames(owner.Name, owner.Uid);
        var children = await SequenceAsync(owner.Uid, cancellationToken);
        foreach (var pod in existing)
        {
            if (names.TrySequence(pod.Key.Name, out var number))
            {
                children.Used(number);
            }
        }

        await _cursor.SaveAsync(children.Settle(), cancellationToken);
        var numbers = children.Next().Take(count).ToArray();
        var answers = new Created[count];
        await SlowStart.RunAsync(count, _firstBatch, MaxFanOut, async i =>
        {
            answers[i] = await CreateOneAsync(owner, request(i, names.Name(numbers[i])), cancellationToken);
            return answers[i].IsDone;
        });
        for (var i = 0; i < count; i++)
        {
            if (answers[i].IsDone)
            {
                children.Used(numbers[i]);
            }
        }

        await _cursor.SaveAsync(children.Settle(), cancellationToken);

        // What went well a moment ago may begin at full width; what failed feels its way again.
        _firstBatch = Array.TrueForAll(answers, a => a.IsDone) ? MaxFanOut : 1;
        return new FleetResult(
            Array.Find(answers, a => a.Failure is not null).Failure, Array.Exists(answers, a => a.WasTaken));
    }

    /// <summary>Deletes pods; what is gone already is well.</summary>
    public async Task<FleetResult> DeleteAsync(
        V1ObjectReference owner, IReadOnlyList<PodFacts> pods, CancellationToken cancellationToken)
    {
        string? failure = null;
        await Parallel.ForEachAsync(
            pods,
            new ParallelOptions { MaxDegreeOfParallelism = MaxFanOut, CancellationToken = cancellationToken },
            async (pod, token) => failure = await DeleteOneAsync(owner, pod, token) ?? failure);
        return new FleetResult(failure, WasTaken: false);
    }

    /// <summary>Notes whose pods they are; what was kept of an owner before it may go. Null when it is gone.</summary>
    public async ValueTask BelongToAsync(string? ownerUid, CancellationToken cancellationToken)
    {
        if (await _cursor.BelongToAsync(ownerUid, cancellationToken))
        {
            _sequence = null;
        }
    }

    private async ValueTask<ChildSequence> SequenceAsync(string ownerUid, CancellationToken cancellationToken)
    {
        await BelongToAsync(ownerUid, cancellationToken);
        return _sequence ??= new ChildSequence(await _cursor.LoadAsync(cancellationToken));
    }

    private async Task<Created> CreateOneAsync(
        V1ObjectReference owner, CreateRequest request, CancellationToken cancellationToken)
    {
        var created = await client.CreateAsync(request, cancellationToken);
        if (created.Succeeded)
        {
            events.Record(new EventNote(owner, "Normal", "SuccessfulCreate", $"Created pod: {request.Name}"));
            return new Created(IsDone: true);
        }

        if (created.Error.Reason == StatusReasons.AlreadyExists)
        {
            // Ours, from an attempt whose answer was lost; or another's, and then the next step takes the next number.
            // It looks again.
            return new Created(IsDone: true, WasTaken: true);
        }

        if (created.Error.IsNamespaceTerminating())
        {
            return new Created(IsDone: false);
        }

        events.Record(new EventNote(owner, "Warning", "FailedCreate", $"Error creating: {created.Error.Message}"));
        return new Created(IsDone: false, Failure: created.Error.Message);
    }

    private async Task<string?> DeleteOneAsync(
        V1ObjectReference owner, PodFacts pod, CancellationToken cancellationToken)
    {
        var deleted = await client.DeleteAsync(
            new DeleteRequest { Resource = ResourceOf<V1Pod>.Name, Key = pod.Key, Uid = pod.Uid }, cancellationToken);
        if (deleted.Succeeded)
        {
            events.Record(new EventNote(owner, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Key.Name}"));
            return null;
        }

        if (deleted.Error.Reason is StatusReasons.NotFound or StatusReasons.Conflict)
        {
            return null;
        }

        events.Record(new EventNote(owner, "Warning", "FailedDelete", $"Error deleting: {deleted.Error.Message}"));
        return $"unable to delete pods: {deleted.Error.Message}";
    }

    /// <summary>What became of one create.</summary>
    private readonly record struct Created(bool IsDone, bool WasTaken = false, string? Failure = null);
}

/// <summary>What became of creates or deletes.</summary>
/// <param name="Failure">What upstream says of one that failed; null when all went well.</param>
/// <param name="WasTaken">A name existed: look again at once.</param>
public readonly record struct FleetResult(string? Failure, bool WasTaken);

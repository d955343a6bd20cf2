using System.Text.Json;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Dra;

/// <summary>
/// The book of claims, in a file of the agent's: what drivers have prepared outlives it, and has to be taken back.
/// That a pod uses a claim is on disk before its drivers are asked to prepare it, and until they have taken it back.
/// Who comes to a claim that is being taken back waits for the end of that. Safe for any thread.
/// </summary>
public sealed class PreparedClaims
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, TaskCompletionSource> _leaving = new(StringComparer.Ordinal);
    private readonly Checkpoint<ClaimBook> _file;

    /// <exception cref="InvalidDataException">The file is not one of ours.</exception>
    public PreparedClaims(NodeAgentOptions options) =>
        _file = Checkpoint.Open(options.DataDirectory, new Form(), ClaimBook.Empty);

    /// <summary>As it is now.</summary>
    public ClaimBook Book
    {
        get
        {
            lock (_lock)
            {
                return _file.State;
            }
        }
    }

    /// <summary>
    /// A pod comes to its claims; which of them drivers have to prepare. A <see cref="DraException"/> says why it has
    /// to wait.
    /// </summary>
    public async Task<IReadOnlyList<ClaimRecord>> ComeAsync(
        string pod, IReadOnlyList<ClaimRecord> wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task left;
            lock (_lock)
            {
                if (Leaving(wanted) is not { } leaving)
                {
                    Take(_file.State.With(pod, wanted));
                    return [.. _file.State.OfPod(pod).Where(static c => !c.IsPrepared)];
                }

                left = leaving;
            }

            await left.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Drivers have prepared these.</summary>
    public void SetPrepared(IReadOnlyList<ClaimRecord> claims)
    {
        lock (_lock)
        {
            Take(_file.State.WithPrepared(claims));
        }
    }

    /// <summary>
    /// A pod goes from its claims: those that only it uses are taken back from it, and forgotten when that is done.
    /// </summary>
    /// <param name="pod">Its uid.</param>
    /// <param name="takeBack">Has drivers take them back; while it fails, they stay.</param>
    /// <param name="cancellationToken">Ends the waiting for others who take one back.</param>
    public async Task LeaveAsync(
        string pod, Func<IReadOnlyList<ClaimRecord>, Task> takeBack, CancellationToken cancellationToken)
    {
        var last = await BeginLeaveAsync(pod, cancellationToken);
        if (last.Count == 0)
        {
            return;
        }

        try
        {
            await takeBack(last);
            lock (_lock)
            {
                Take(_file.State.Without(last));
            }
        }
        finally
        {
            EndLeave(last);
        }
    }

    private async Task<IReadOnlyList<ClaimRecord>> BeginLeaveAsync(string pod, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task left;
            lock (_lock)
            {
                var own = _file.State.OfPod(pod);
                if (Leaving(own) is not { } leaving)
                {
                    return BeginLeave(pod, own);
                }

                left = leaving;
            }

            await left.WaitAsync(cancellationToken);
        }
    }

    private IReadOnlyList<ClaimRecord> BeginLeave(string pod, IReadOnlyList<ClaimRecord> own)
    {
        List<ClaimRecord> last = [.. own.Where(static c => c.Pods.Count == 1)];
        if (last.Count < own.Count)
        {
            Take(_file.State.WithoutShared(pod));
        }

        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        last.ForEach(c => _leaving.Add(c.Key, end));
        _file.Free(_file.State.WithUnprepared(last)); // in memory only: whether one is prepared is not stored
        return last;
    }

    private void EndLeave(IReadOnlyList<ClaimRecord> claims)
    {
        TaskCompletionSource? end = null;
        lock (_lock)
        {
            foreach (var claim in claims)
            {
                _leaving.Remove(claim.Key, out end);
            }
        }

        end?.SetResult();
    }

    private Task? Leaving(IReadOnlyList<ClaimRecord> claims) =>
        claims.Select(c => _leaving.GetValueOrDefault(c.Key)?.Task).FirstOrDefault(static t => t is not null);

    private void Take(ClaimBook next)
    {
        try
        {
            _file.Take(next);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DraException($"checkpoint ResourceClaim state: {failure.Message}");
        }
    }

    private sealed class Form : ICheckpointForm<ClaimBook>
    {
        public string Name => "dra_manager_state";

        public string Title => "the dra state file";

        public byte[] Write(ClaimBook state) => JsonSerializer.SerializeToUtf8Bytes(state.Claims.Values);

        public ClaimBook Read(byte[] content) =>
            ClaimBook.Of(Checkpoint.AllRequired(Checkpoint.Required(
                JsonSerializer.Deserialize<List<ClaimRecord>>(content, Checkpoint.Strict))).Select(Whole));

        private static ClaimRecord Whole(ClaimRecord claim)
        {
            var devices = claim.Drivers.Values.Select(Checkpoint.Required).SelectMany(Checkpoint.AllRequired);
            return claim.Pods.Concat(devices.SelectMany(static d => d.Requests.Concat(d.CdiIds))).Contains(null)
                ? throw new InvalidDataException("checkpoint is corrupted")
                : claim;
        }
    }
}

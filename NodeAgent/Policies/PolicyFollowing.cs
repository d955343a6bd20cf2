namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>Whom policies may mean is followed: from when there is a policy until there is none.</summary>
internal sealed class PolicyFollowing(PolicyPeers peers)
{
    private readonly CancellationTokenSource _end = new();
    private Task _followed = Task.CompletedTask;

    public PolicyPeers Peers => peers;

    public void Begin() => _followed = peers.FollowAsync(_end.Token);

    /// <summary>Completes when nobody asks the API any more.</summary>
    public async Task EndAsync()
    {
        await _end.CancelAsync();
        await _followed;
        _end.Dispose();
    }
}

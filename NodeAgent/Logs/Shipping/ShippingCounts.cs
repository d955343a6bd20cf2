namespace OrleansOrchestrator.NodeAgent.Logs.Shipping;

/// <summary>What became of log lines since the agent started.</summary>
public sealed class ShippingCounts
{
    private long _sent;
    private long _refused;
    private long _filesLost;

    public long Sent => Interlocked.Read(ref _sent);

    public long Refused => Interlocked.Read(ref _refused);

    public long FilesLost => Interlocked.Read(ref _filesLost);

    public void Add(long sent = 0, long refused = 0, long filesLost = 0)
    {
        Interlocked.Add(ref _sent, sent);
        Interlocked.Add(ref _refused, refused);
        Interlocked.Add(ref _filesLost, filesLost);
    }
}

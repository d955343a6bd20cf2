using System.Diagnostics;

namespace OrleansOrchestrator.Bench.Access;

/// <summary>
/// One client that lists all pods without an end, many at a time, in a process of its own: it is another one's client
/// that is to suffer, not its neighbour in the same process.
/// </summary>
public sealed class ListFlood : IAsyncDisposable
{
    private const int AtOnce = 64;
    private const string Path = "/api/v1/pods";

    private readonly Process _process;

    private ListFlood(Process process) => _process = process;

    /// <summary>Begins a flood; it has begun when this returns.</summary>
    public static async Task<ListFlood> StartAsync(string url, string token, CancellationToken cancellationToken)
    {
        var flood = new ListFlood(Process.Start(
            new ProcessStartInfo(Environment.ProcessPath!, ["flooding", "--url", url, "--token", token])
            {
                RedirectStandardInput = true, RedirectStandardOutput = true,
            })!);
        await flood._process.StandardOutput.ReadLineAsync(cancellationToken);
        return flood;
    }

    /// <summary>Floods until there is nothing to read any more, and says how many lists there were.</summary>
    public static async Task<int> RunInsideAsync(string url, string token, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var http = BenchCluster.Connect(url, token);
        var client = new BenchClient(http);
        await client.DrainAsync(Path, cancellationToken);
        Report.Line($"begun");
        var floods = Enumerable.Range(0, AtOnce).Select(_ => FloodAsync(client, end.Token)).ToList();
        await Task.Factory.StartNew(
            Console.In.ReadToEnd, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await end.CancelAsync();
        var lists = await Task.WhenAll(floods);
        Report.Line($"{lists.Sum()}");
        return 0;
    }

    /// <summary>Ends the flood; how many lists it was.</summary>
    public async Task<string> EndAsync(CancellationToken cancellationToken)
    {
        _process.StandardInput.Close();
        var lists = await _process.StandardOutput.ReadToEndAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
        return $"{lists.Trim()} lists, {AtOnce} at a time";
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<long> FloodAsync(BenchClient client, CancellationToken cancellationToken)
    {
        for (var lists = 0L; ; lists++)
        {
            try
            {
                await client.DrainAsync(Path, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return lists;
            }
        }
    }
}

using System.Globalization;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>Who can be reached at which ports.</summary>
public sealed class ListenersTests
{
    private const string Listening = "0A";
    private const int LocalAddress = 1;
    private const int State = 3;
    private const int Inode = 9;

    [Fact]
    public async Task Without_a_store_only_the_API_listens()
    {
        var tokens = Path.GetTempFileName();
        await File.WriteAllTextAsync(tokens, "");
        await using var silo = await SiloProcess.StartInMemoryAsync("--token-auth-file", tokens);
        Assert.Equal([silo.Url.Port], PortsOf(silo.ProcessId));
        File.Delete(tokens);
    }

    private static IEnumerable<int> PortsOf(int process)
    {
        var id = process.ToString(CultureInfo.InvariantCulture);
        var sockets = Directory.GetFileSystemEntries($"/proc/{id}/fd")
            .Select(static f => new FileInfo(f).LinkTarget ?? "").ToHashSet();
        return new[] { "tcp", "tcp6" }.SelectMany(kind => File.ReadLines($"/proc/{id}/net/{kind}").Skip(1))
            .Select(static l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(f => f[State] == Listening && sockets.Contains($"socket:[{f[Inode]}]"))
            .Select(static f =>
                int.Parse(f[LocalAddress].Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture))
            .Distinct();
    }
}

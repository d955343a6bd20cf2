using System.Net;

namespace OrleansOrchestrator.NodeAgent.Dns;

/// <summary>Reads which resolvers the host asks (resolv.conf).</summary>
public static class HostResolvers
{
    // As many as the C library reads.
    private const int MaxServers = 3;
    private const int MaxBytes = 64 * 1024;

    /// <summary>
    /// Its addresses, in order; none when the file is not there or cannot be read. It is read anew each time: laptops
    /// move between networks, and it is tiny.
    /// </summary>
    public static IReadOnlyList<IPAddress> Read(string file)
    {
        try
        {
            using var reader = File.OpenText(file);
            var buffer = new char[MaxBytes];
            return Parse(new string(buffer, 0, reader.ReadBlock(buffer)));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The addresses that a text names; whatever else it holds is passed over.</summary>
    public static IReadOnlyList<IPAddress> Parse(string text) =>
    [
        .. text.Split('\n')
            .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length >= 2 && words[0] == "nameserver")
            .Select(words => IPAddress.TryParse(words[1], out var address) ? address : null)
            .OfType<IPAddress>()
            .Take(MaxServers),
    ];
}

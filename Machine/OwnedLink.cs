using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json;

namespace OrleansOrchestrator.Machine;

/// <summary>
/// A link of this machine that carries its owner's mark, the alias <c>orc:DIRECTORY</c>: of several clusters on one
/// machine none takes another's, or removes it.
/// </summary>
public sealed class OwnedLink(string name, string owner)
{
    private const string Mark = "orc:";

    /// <summary>True when there is a link of this name, whoever's it is; costs no process.</summary>
    public bool Exists => Interface is not null;

    // Not by /sys/class/net, which shows the network that it was mounted in, not the one that we are in.
    private NetworkInterface? Interface =>
        NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(i => i.Name == name);

    /// <summary>Owners by link, of all links that have one; none where there is no <c>ip</c>.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> OwnersAsync(CancellationToken cancellationToken)
    {
        if (!Commands.Exists("ip"))
        {
            return new Dictionary<string, string>();
        }

        using var links = JsonDocument.Parse(await IpAsync(["-j", "link", "show"], cancellationToken));
        return links.RootElement.EnumerateArray()
            .Select(static l => (Name: l.GetProperty("ifname").GetString()!, Alias: AliasOf(l)))
            .Where(static l => l.Alias.StartsWith(Mark, StringComparison.Ordinal))
            .ToDictionary(static l => l.Name, static l => l.Alias[Mark.Length..], StringComparer.Ordinal);
    }

    /// <summary>True when the link has an address; costs no process.</summary>
    public bool Has(IPAddress address) =>
        Interface?.GetIPProperties().UnicastAddresses.Any(a => a.Address.Equals(address)) == true;

    /// <summary>Makes the link, a bridge without members, unless it is there. Fails when it is another's.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (Exists && await OtherOwnerAsync(cancellationToken) is { } other)
        {
            throw new IOException(
                $"the link {name} belongs to {other}: "
                    + "give this node other names with --network-name and --bridge-name");
        }

        if (!Exists)
        {
            await IpAsync(["link", "add", name, "type", "bridge"], cancellationToken);
        }

        await IpAsync(["link", "set", name, "alias", $"{Mark}{owner}"], cancellationToken);
    }

    /// <summary>
    /// Makes the link, unless it is there, with its address; true when it was not. Fails when it is another's.
    /// </summary>
    public async Task<bool> EnsureAsync(IPAddress address, CancellationToken cancellationToken)
    {
        var had = Has(address);
        await EnsureAsync(cancellationToken);
        if (!had)
        {
            // Nobody else is on the link who could have the address, and without a member it would wait for ever.
            string[] flags = address.AddressFamily == AddressFamily.InterNetworkV6 ? ["nodad"] : [];
            await IpAsync(
                ["address", "replace", new IPNetwork(address, address.GetAddressBytes().Length * 8).ToString(), "dev",
                    name, .. flags],
                cancellationToken);
            await IpAsync(["link", "set", name, "up"], cancellationToken);
        }

        return !had;
    }

    /// <summary>Sends what is for a network to the link, which is there.</summary>
    public Task RouteAsync(string network, CancellationToken cancellationToken) =>
        IpAsync(["route", "replace", network, "dev", name], cancellationToken);

    /// <summary>Removes the link if it is the owner's.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        if ((await OwnersAsync(cancellationToken)).TryGetValue(name, out var found) && found == owner)
        {
            await IpAsync(["link", "delete", name], cancellationToken);
        }
    }

    /// <summary>Who else has the link; null when nobody has, or one whose directory is gone.</summary>
    public async Task<string?> OtherOwnerAsync(CancellationToken cancellationToken) =>
        (await OwnersAsync(cancellationToken)).TryGetValue(name, out var found) && found != owner
            && Directory.Exists(found)
            ? found
            : null;

    private static string AliasOf(JsonElement link) =>
        link.TryGetProperty("ifalias", out var value) ? value.GetString() ?? "" : "";

    private static async Task<string> IpAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var result = await Commands.RunAsync("ip", arguments, cancellationToken);
        return result.Succeeded
            ? result.Output
            : throw new IOException($"ip {string.Join(' ', arguments)}: {result.Error.Trim()}");
    }
}

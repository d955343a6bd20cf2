using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Cloud.BareMetal;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>
/// Options that several verbs share, and the sorts of options there are: each says in one sentence what it cannot take.
/// </summary>
internal static class CommonOptions
{
    private const int LargestPort = 65535;

    public static Option<string> DataDirectory() => Text(
        "--data-dir", "Where the cluster keeps everything on this machine.", Hosting.DataDirectory.Default);

    public static Option<string?> Kubeconfig() => MaybeText(
        "--kubeconfig",
        $"Where the admin kubeconfig is written. Default: {Hosting.DataDirectory.DefaultKubeconfig}, and admin.conf in any other --data-dir.");

    public static SecretOption Connection(string description) => MaybeSecret(
        "--connection",
        $"{description} Put one with a password into {SiloOptions.ConnectionVariable} instead: everybody on a machine can read arguments.",
        SiloOptions.ConnectionVariable);

    public static Option<int> StoreConnections() => Number(
        "--store-connections",
        "How many connections to PostgreSQL a silo may hold.",
        Grains.Kernel.StoreConnections.Default.Total,
        Grains.Kernel.StoreConnections.Fewest,
        1000);

    public static Option<string> NodeName()
    {
        var option = Text("--node-name", "Name of the node.", Dns.GetHostName().ToLowerInvariant());
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } name && !IsNodeName(name))
            {
                result.AddError($"--node-name: '{name}' is no name of a node: lower case letters, digits, '-' and '.', 253 of them at most.");
            }
        });
        return option;
    }

    public static Option<DualNetwork?> ServiceNetwork() => MaybeNetwork(
        "--service-cidr",
        "Network of the Services' addresses; with a comma, one of each family, the primary first. "
        + "The same for all silos of a cluster, "
            + $"for as long as it lives. Default: {ServiceAddressRange.Default.Cidr}.",
        (12, 24),
        (64, 120));

    /// <summary>The networks of all pods; null when none is given.</summary>
    public static Option<IReadOnlyList<PodNetwork>?> PodNetworks() => new("--cluster-cidr")
    {
        Description = "Network of all pods, of which each node gets a range; with a comma, one of each family. " +
            "Default: 10.244.0.0/16.",
        CustomParser = static result =>
        {
            var text = result.Tokens[0].Value;
            if (NetworkRules.NetworksOf(text) is { Count: <= 2 } networks
                && networks.All(static n => NodeRanges.Problem(PodNetwork.Of(n)) is null)
                && networks.DistinctBy(static n => n.BaseAddress.AddressFamily).Count() == networks.Count)
            {
                return [.. networks.Select(PodNetwork.Of)];
            }

            result.AddError(
                $"--cluster-cidr: '{text}' is no IPv4 network of 8 to 24 bits, no IPv6 network of 48 to 64 bits, " +
                "and not one of each.");
            return null;
        },
    };

    public static Option<PortRange?> NodePorts() => new("--node-port-range")
    {
        Description = "Ports of every node that Services may get, FIRST-LAST. Default: " +
            $"{new PortRange(ServiceAddressRange.Default.FirstNodePort, ServiceAddressRange.Default.LastNodePort)}.",
        CustomParser = static result =>
        {
            if (PortRange.Parse(result.Tokens[0].Value) is { } range)
            {
                return range;
            }

            result.AddError($"--node-port-range: '{result.Tokens[0].Value}' is no range of ports such as 30000-32767.");
            return null;
        },
    };

    /// <summary>May be given several times.</summary>
    public static Option<string[]> LoadBalancerPools(string description)
    {
        var option = new Option<string[]>("--load-balancer-pool")
        {
            Description = $"{description} ADDRESS/BITS or FIRST-LAST, with NAME= before it for a pool that Services "
                + "ask for by name.",
            DefaultValueFactory = _ => [],
        };
        option.Validators.Add(static result =>
        {
            foreach (var token in result.Tokens.Where(static t => AddressPool.Parse(t.Value) is null))
            {
                result.AddError(
                    $"--load-balancer-pool: '{token.Value}' is no pool of addresses such as 192.0.2.0/28, "
                        + "192.0.2.10-192.0.2.20 or public=192.0.2.0/28.");
            }
        });
        return option;
    }

    /// <summary>What of them was given, with the defaults for the rest.</summary>
    public static ServiceAddressRange Services(DualNetwork? network, PortRange? ports) => new(
        network?.ToString() ?? ServiceAddressRange.Default.Cidr,
        ports?.First ?? ServiceAddressRange.Default.FirstNodePort,
        ports?.Last ?? ServiceAddressRange.Default.LastNodePort);

    public static Option<int> HollowNodes(string description) => Number("--hollow-nodes", description, 0, 0, 100_000);

    /// <summary>A text that must not be empty.</summary>
    public static Option<string> Text(string name, string description, string value)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(RefuseEmpty);
        return option;
    }

    /// <summary>A text that must not be empty when it is given.</summary>
    public static Option<string?> MaybeText(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description };
        option.Validators.Add(RefuseEmpty);
        return option;
    }

    /// <summary>A text that is not to be told, and must not be empty when it is given.</summary>
    public static SecretOption MaybeSecret(string name, string description, string? variable = null)
    {
        var option = new SecretOption(name, variable) { Description = description };
        option.Validators.Add(RefuseEmpty);
        return option;
    }

    /// <summary>The name of a file, that must not be empty when it is given.</summary>
    public static FileOption MaybeFile(string name, string description)
    {
        var option = new FileOption(name) { Description = description };
        option.Validators.Add(RefuseEmpty);
        return option;
    }

    /// <summary>Texts; none when it is not given.</summary>
    public static Option<string[]> List(string name, string description) => new(name)
    {
        Description = $"{description} With commas, or given several times.",
        DefaultValueFactory = static _ => [],
    };

    /// <summary>Each of them, whichever way they were given.</summary>
    public static string[] ListOf(ParseResult parsed, Option<string[]> option) =>
        [.. parsed.GetRequiredValue(option).SelectMany(static v => v.Split(','))];

    /// <summary>A time in Go's form, as a text has it; 0 is one.</summary>
    public static TimeSpan TimeOf(ParseResult parsed, Option<string> option) =>
        ParseTime(option, parsed.GetRequiredValue(option));

    /// <summary>The same where none need be given.</summary>
    public static TimeSpan? MaybeTimeOf(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is { } text ? ParseTime(option, text) : null;

    /// <summary>A number between bounds, both included.</summary>
    public static Option<int> Number(string name, string description, int value, int least, int most) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result => ParseNumber(result, name, least, most) ?? 0,
    };

    /// <summary>A port; 0 only where that means that any will do.</summary>
    public static Option<int> Port(string name, string description, int value, bool mayBeAny) =>
        Number(name, description, value, mayBeAny ? 0 : 1, LargestPort);

    /// <summary>A port that is chosen when it is not given.</summary>
    public static Option<int?> MaybePort(string name, string description) => new(name)
    {
        Description = description, CustomParser = result => ParseNumber(result, name, 1, LargestPort),
    };

    public static Option<IPAddress> Address(string name, string description, IPAddress value) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result => ParseAddress(result, name),
    };

    public static Option<IPAddress?> MaybeAddress(string name, string description) =>
        new(name) { Description = description, CustomParser = result => ParseAddress(result, name) };

    /// <summary>An address; with a comma, one of each family; none when it is not given.</summary>
    public static Option<IPAddress[]?> MaybeAddresses(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            var parts = result.Tokens[0].Value.Split(',');
            IPAddress?[] parsed = [.. parts.Select(part => ParseAddress(part, result, name))];
            if (parsed.Contains(null))
            {
                return null;
            }

            if (parsed.Length > 2 || parsed.DistinctBy(static a => a!.AddressFamily).Count() < parsed.Length)
            {
                result.AddError($"{name}: '{result.Tokens[0].Value}' is more than one address of each family.");
            }

            return parsed!;
        },
    };

    /// <summary>A network, in the form ADDRESS/BITS; with a comma, one of each family.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="four">The fewest and most bits of one of IPv4.</param>
    /// <param name="six">The same of IPv6.</param>
    public static Option<DualNetwork?> MaybeNetwork(
        string name, string description, (int Fewest, int Most) four, (int Fewest, int Most) six) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (DualNetwork.Parse(text) is { } networks && networks.All.All(n => IsWithin(
                n, n.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 ? six : four)))
            {
                return networks;
            }

            result.AddError(
                $"{name}: '{text}' is no IPv4 network of {four.Fewest} to {four.Most} bits, such as 10.96.0.0/16, no "
                    + $"IPv6 network of {six.Fewest} to {six.Most} bits, and not one of each with a comma.");
            return null;
        },
    };

    private static bool IsWithin(IPNetwork network, (int Fewest, int Most) bits) =>
        network.PrefixLength >= bits.Fewest && network.PrefixLength <= bits.Most;

    private static TimeSpan ParseTime(Option option, string text) =>
        GoDuration.Read(text, out var time) is null && time >= TimeSpan.Zero
            ? time
            : throw new UserErrorException($"{option.Name} is no time, such as 5m0s: '{text}'.");

    private static int? ParseNumber(ArgumentResult result, string name, int least, int most)
    {
        var text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most)
        {
            return number;
        }

        result.AddError(string.Create(
            CultureInfo.InvariantCulture, $"{name}: '{text}' is no number from {least} to {most}."));
        return null;
    }

    private static IPAddress? ParseAddress(ArgumentResult result, string name) =>
        ParseAddress(result.Tokens[0].Value, result, name);

    private static IPAddress? ParseAddress(string text, ArgumentResult result, string name)
    {
        if (IPAddress.TryParse(text, out var address) && text.AsSpan().IndexOfAny('.', ':') >= 0)
        {
            return address;
        }

        result.AddError($"{name}: '{text}' is no IP address.");
        return null;
    }

    private static void RefuseEmpty(OptionResult result)
    {
        if (result.Tokens.Any(static t => string.IsNullOrWhiteSpace(t.Value)))
        {
            result.AddError($"{result.Option.Name}: there is no value.");
        }
    }

    private static bool IsNodeName(string name) =>
        name.Length <= 253 && name.Split('.').All(static label =>
            label.Length > 0 && char.IsAsciiLetterOrDigit(label[0]) && char.IsAsciiLetterOrDigit(label[^1])
            && label.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'));
}

using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Images;

namespace OrleansOrchestrator.NodeAgent.Containerd;

/// <summary>
/// The files that our own containerd and its CNI plugins read. All lie below the agent's data directory.
/// </summary>
public sealed class ContainerdConfig(NodeAgentOptions options)
{
    private readonly string _home = options.ContainerdDirectory;

    public string ConfigPath => Path.Combine(_home, "config.toml");

    public string LogPath => Path.Combine(_home, "containerd.log");

    public string PidPath => Path.Combine(_home, "run", "containerd.pid");

    /// <summary>
    /// One directory per registry with a hosts.toml, as containerd documents it; operators may add more.
    /// </summary>
    public string RegistryDirectory => Path.Combine(_home, "certs.d");

    public string CniConfigDirectory => Path.Combine(options.DataDirectory, "cni", "net.d");

    private string CniConfigPath => Path.Combine(CniConfigDirectory, "10-orc.conflist");

    /// <summary>Writes what is missing or different.</summary>
    public void Write(bool restrictOomScore)
    {
        foreach (var directory in new[] { _home, Path.GetDirectoryName(PidPath)!, RegistryDirectory, CniConfigDirectory })
        {
            OwnFiles.MakePrivate(directory);
        }

        WriteIfDifferent(ConfigPath, Toml(restrictOomScore));
        foreach (var registry in options.InsecureRegistries)
        {
            var directory = Path.Combine(RegistryDirectory, registry);
            OwnFiles.MakePrivate(directory);
            WriteIfDifferent(Path.Combine(directory, "hosts.toml"), PlainHttp(registry));
        }

        if (!File.Exists(CniConfigPath) && options.PodCidrs.Count > 0)
        {
            WriteNetwork(options.PodCidrs);
        }
    }

    /// <summary>
    /// The pod networks that were written last, one of each family; none when none was: then the runtime says that it
    /// has no network, and the node is not ready.
    /// </summary>
    public IReadOnlyList<string> PodCidrs => File.Exists(CniConfigPath)
        ? [.. JsonNode.Parse(File.ReadAllText(CniConfigPath))!["plugins"]![0]!["ipam"]!["ranges"]!.AsArray()
            .Select(static range => (string)range![0]!["subnet"]!)]
        : options.PodCidrs;

    /// <summary>
    /// Points the pod network at CIDRs, one of each family; containerd watches the directory and takes it over. True if
    /// changed.
    /// </summary>
    public bool WriteNetwork(IReadOnlyList<string> podCidrs) => WriteIfDifferent(CniConfigPath, Network(podCidrs));

    private string Toml(bool restrictOomScore)
    {
        var cri = "plugins.\"io.containerd.grpc.v1.cri\"";
        var toml = new StringBuilder();
        toml.Append(CultureInfo.InvariantCulture, $"""
            version = 2
            root = {Quote(Path.Combine(_home, "root"))}
            state = {Quote(Path.Combine(_home, "state"))}
            disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]

            [grpc]
              address = {Quote(options.SocketPath)}

            [debug]
              level = "warn"

            [{cri}]
              sandbox_image = {Quote(PauseImage.Reference)}
              restrict_oom_score_adj = {(restrictOomScore ? "true" : "false")}
              disable_apparmor = {(Directory.Exists("/sys/kernel/security/apparmor") ? "false" : "true")}
              enable_selinux = {(Directory.Exists("/sys/fs/selinux") ? "true" : "false")}
              tolerate_missing_hugetlb_controller = true
              stream_server_address = "127.0.0.1"
              stream_server_port = "0"
              enable_unprivileged_ports = true
              enable_cdi = true
              cdi_spec_dirs = ["/etc/cdi", "/var/run/cdi"]

            [{cri}.containerd]
              snapshotter = {Quote(ContainerdFacts.Snapshotter)}
              default_runtime_name = "runc"

            [{cri}.containerd.runtimes.runc]
              runtime_type = "io.containerd.runc.v2"

            [{cri}.containerd.runtimes.runc.options]
              SystemdCgroup = false

            [{cri}.cni]
              bin_dir = {Quote(options.CniBinaryDirectory)}
              conf_dir = {Quote(CniConfigDirectory)}

            [{cri}.registry]
              config_path = {Quote(RegistryDirectory)}

            """);
        return toml.ToString();
    }

    private string Network(IReadOnlyList<string> podCidrs)
    {
        var ranges = podCidrs.Select(static c => IPNetwork.Parse(c).ToString())
            .Select(static subnet => new JsonArray(new JsonObject { ["subnet"] = subnet }));
        var bridge = new JsonObject
        {
            ["type"] = "bridge",
            ["bridge"] = options.BridgeName,
            ["isGateway"] = true,
            ["isDefaultGateway"] = true,
            ["hairpinMode"] = true,
            ["ipMasq"] = false, // the agent keeps one nftables rule for all pods instead of chains for each
            ["ipam"] = new JsonObject
            {
                ["type"] = "host-local",
                ["dataDir"] = Path.Combine(options.DataDirectory, "cni", "addresses"),
                ["ranges"] = new JsonArray([.. ranges]),
            },
        };
        var portMap = new JsonObject
        {
            ["type"] = "portmap",
            ["capabilities"] = new JsonObject { ["portMappings"] = true },
            ["snat"] = true,
        };
        return new JsonObject
        {
            ["cniVersion"] = "0.4.0",
            ["name"] = "orc",
            ["plugins"] = new JsonArray(bridge, portMap),
        }.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    private static string PlainHttp(string registry) => $"""
        server = "http://{registry}"

        [host."http://{registry}"]
          capabilities = ["pull", "resolve"]

        """;

    private static string Quote(string value) => JsonSerializer.Serialize(value);

    private static bool WriteIfDifferent(string path, string content)
    {
        if (File.Exists(path) && File.ReadAllText(path) == content)
        {
            return false;
        }

        OwnFiles.Replace(path, Encoding.UTF8.GetBytes(content));
        return true;
    }
}

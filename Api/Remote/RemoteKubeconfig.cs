using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>
/// A server that a kubeconfig describes, as configurations of webhooks do: its cluster is whom to ask, its user who
/// asks. What of a kubeconfig is not read here (<c>exec</c>, <c>auth-provider</c>, <c>proxy-url</c>, impersonation) is
/// refused.
/// </summary>
public static class RemoteKubeconfig
{
    private const string InClusterFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Whom the current context of a file names.</summary>
    /// <exception cref="ConfigurationException">It names nobody that can be asked.</exception>
    public static RemoteTarget Load(string path) => Load(path, Read);

    /// <summary>The users of a file, who are named after the servers that know them.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
    public static RemoteUsers LoadUsers(string path) => Load(path, ReadUsers);

    /// <summary>The API server of the cluster in whose pod this process runs.</summary>
    /// <exception cref="ConfigurationException">It runs in none.</exception>
    public static RemoteTarget InCluster()
    {
        var host = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST");
        var port = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT");
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
        {
            throw new ConfigurationException(
                "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be "
                + "defined");
        }

        var authority = Contents("", Path.Combine(InClusterFolder, "ca.crt"), InClusterFolder);
        var name = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        return Target($"https://{name}:{port}", authority) with
        {
            TokenFile = Path.Combine(InClusterFolder, "token"),
        };
    }

    private static T Load<T>(string path, Func<ConfigurationNode, string, T> read)
    {
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            return ConfigurationFile.Read(
                File.ReadAllBytes(path), "Config", ["v1"], root => read(root, folder));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(failure.Message);
        }
    }

    private static RemoteUsers ReadUsers(ConfigurationNode root, string folder)
    {
        root.Foreign("clusters");
        var (current, contexts) = Contexts(root);
        return new RemoteUsers(
            Named(root, "users", "user", u => User(u, folder)),
            current.Length == 0 ? "" : contexts.GetValueOrDefault(current).User ?? "");
    }

    private static (string Current, Dictionary<string, (string Cluster, string User)> All) Contexts(
        ConfigurationNode root)
    {
        root.Foreign("preferences");
        root.Foreign("extensions");
        return (root.Text("current-context"), Named(root, "contexts", "context", static c =>
        {
            c.Foreign("extensions");
            c.Text("namespace");
            return (Cluster: c.Text("cluster"), User: c.Text("user"));
        }));
    }

    private static RemoteTarget Read(ConfigurationNode root, string folder)
    {
        var (current, contexts) = Contexts(root);
        var clusters = Named(root, "clusters", "cluster", c => Cluster(c, folder));
        var users = Named(root, "users", "user", u => User(u, folder));
        var context = contexts.GetValueOrDefault(current);
        if (context.Cluster is null && contexts.Count == 0 && clusters.Count == 1)
        {
            // Upstream takes the only one there is where a file has no contexts.
            context = (clusters.Keys.Single(), users.Keys.FirstOrDefault() ?? "");
        }

        if (context.Cluster is null)
        {
            throw new ConfigurationException(
                $"invalid configuration: context was not found for specified context: {current}");
        }

        var target = clusters.GetValueOrDefault(context.Cluster) ?? throw new ConfigurationException(
            $"invalid configuration: cluster {GoText.Quote(context.Cluster)} does not exist");
        return users.GetValueOrDefault(context.User) is { } user ? user.AskWith(target) : target;
    }

    private static Dictionary<string, T> Named<T>(
        ConfigurationNode root, string list, string item, Func<ConfigurationNode, T> read)
    {
        var all = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (var node in root.Children(list))
        {
            all[node.Text("name")] = read(node.Child(item));
        }

        return all;
    }

    private static RemoteTarget Cluster(ConfigurationNode node, string folder)
    {
        node.Foreign("extensions");
        var target = Target(
            node.Text("server"),
            Contents(node.Text("certificate-authority-data"), node.Text("certificate-authority"), folder));
        var name = node.Text("tls-server-name");
        return target with
        {
            IsInsecure = node.Flag("insecure-skip-tls-verify") ?? false,
            ServerName = name.Length > 0 ? name : target.Host,
        };
    }

    private static RemoteTarget Target(string server, string authority) =>
        RemoteTarget.OfUrl(server, authority.Length == 0 ? null : Encoding.UTF8.GetBytes(authority))
        ?? throw new ConfigurationException($"invalid configuration: server {GoText.Quote(server)} is no https URL");

    private static RemoteCredentials User(ConfigurationNode node, string folder)
    {
        node.Foreign("extensions");
        var certificate = Contents(node.Text("client-certificate-data"), node.Text("client-certificate"), folder);
        var key = Contents(node.Text("client-key-data"), node.Text("client-key"), folder);
        if (certificate.Length == 0 != (key.Length == 0))
        {
            throw new ConfigurationException(
                "invalid configuration: client-certificate and client-key must be given together");
        }

        var (token, file, name) = (node.Text("token"), node.Text("tokenFile"), node.Text("username"));
        var password = node.Text("password");
        return new RemoteCredentials
        {
            Pem = certificate.Length == 0 ? "" : Pair($"{certificate}\n{key}"),
            TokenFile = file.Length == 0 ? "" : Path.Combine(folder, file),
            Authorization = token.Length > 0 ? $"Bearer {token}"
                : name.Length > 0 ? $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}"))}"
                : "",
        };
    }

    /// <summary>A certificate and its key, once they are known to be some: not when they are first needed.</summary>
    private static string Pair(string pem)
    {
        try
        {
            using var pair = X509Certificate2.CreateFromPem(pem, pem);
            return pem;
        }
        catch (CryptographicException bad)
        {
            throw new ConfigurationException($"invalid configuration: client-certificate or client-key: {bad.Message}");
        }
    }

    /// <summary>What stands in a field, in base64, or in a file that another one names.</summary>
    private static string Contents(string data, string file, string folder)
    {
        if (data.Length == 0)
        {
            return file.Length == 0 ? "" : File.ReadAllText(Path.Combine(folder, file));
        }

        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(data));
        }
        catch (FormatException bad)
        {
            throw new ConfigurationException(bad.Message);
        }
    }
}

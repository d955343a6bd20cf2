using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s;
using k8s.Exceptions;
using OrleansOrchestrator.Machine;
using YamlDotNet.Core;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Writes kubeconfig files with embedded credentials, and uses them.</summary>
public static class Kubeconfig
{
    /// <summary>Writes the file, readable by its owner only, so that no reader ever sees half of it.</summary>
    public static void Write(
        string path, string server, string authorityPem, string user, string certificatePem, string keyPem)
    {
        OwnFiles.MakeMissing(Path.GetDirectoryName(Path.GetFullPath(path))!, OwnFiles.OwnersDirectory);
        OwnFiles.Write(path, Text(server, authorityPem, user, certificatePem, keyPem));
    }

    /// <summary>A client with the rights of a file.</summary>
    public static Kubernetes Connect(string path)
    {
        if (!File.Exists(path))
        {
            throw new UserErrorException($"There is no kubeconfig {path}.");
        }

        try
        {
            return new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(path));
        }
        catch (KubeConfigException wrong)
        {
            throw new UserErrorException($"{path}: {wrong.Message}");
        }
    }

    /// <summary>True when a file leads to the cluster of this authority.</summary>
    public static bool IsOf(string path, string authorityPem) =>
        File.ReadAllText(path).Contains(Base64(authorityPem), StringComparison.Ordinal);

    /// <summary>
    /// True when a file still does what <see cref="Write"/> would make it do, whatever its owner has added: it leads
    /// there, by a certificate that is good for a while.
    /// </summary>
    /// <param name="path">The file, which need not be there.</param>
    /// <param name="server">Where it is to lead.</param>
    /// <param name="authorityPem">Who vouches for the server, and for the user.</param>
    /// <param name="user">Whose certificate it is to have.</param>
    /// <param name="until">How long that is to be good at least.</param>
    public static bool IsGood(string path, string server, string authorityPem, string user, DateTimeOffset until)
    {
        try
        {
            if (!File.Exists(path) || !IsOf(path, authorityPem))
            {
                return false;
            }

            var config = Read(path, user);
            using var certificate = X509Certificate2.CreateFromPem(
                Encoding.ASCII.GetString(Convert.FromBase64String(config.ClientCertificateData ?? "")));
            return new Uri(config.Host) == new Uri(server) && certificate.NotAfter > until.LocalDateTime;
        }
        catch (Exception failure) when (
            failure is UserErrorException or FormatException or CryptographicException or IOException
                or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>How a user reaches the cluster, whatever context the owner of the file has chosen.</summary>
    /// <exception cref="UserErrorException">The file does not say that.</exception>
    public static KubernetesClientConfiguration Read(string path, string user)
    {
        try
        {
            return KubernetesClientConfiguration.BuildConfigFromConfigFile(path, ContextOf(user));
        }
        catch (Exception failure) when (
            failure is KubeConfigException or YamlException or ArgumentException or NullReferenceException)
        {
            // The last two are how the client meets a file without contexts, users or their names.
            throw new UserErrorException(
                $"{path} does not lead to this cluster any more ({failure.Message}): delete it, then 'orc down' and " +
                "'orc up' write it anew.");
        }
    }

    private static string ContextOf(string user) => $"{user}@orc";

    private static string Text(string server, string authorityPem, string user, string certificatePem, string keyPem) => $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: orc
          cluster:
            server: {server}
            certificate-authority-data: {Base64(authorityPem)}
        users:
        - name: {user}
          user:
            client-certificate-data: {Base64(certificatePem)}
            client-key-data: {Base64(keyPem)}
        contexts:
        - name: {ContextOf(user)}
          context:
            cluster: orc
            user: {user}
        current-context: {ContextOf(user)}

        """;

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}

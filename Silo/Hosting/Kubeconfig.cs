using System.Text;
using k8s;
using k8s.Exceptions;
using OrleansOrchestrator.Machine;

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
        - name: {user}@orc
          context:
            cluster: orc
            user: {user}
        current-context: {user}@orc

        """;

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}

using System.Security.Cryptography;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// The file of <c>--encryption-provider-config</c>; that of a cluster of <c>orc up</c> is made with a key of its own.
/// </summary>
public static class EncryptionFile
{
    private const int KeyBytes = 32;

    /// <summary>Reads and checks the file.</summary>
    public static EncryptionConfiguration Read(string path) => Load(path).Configuration;

    /// <summary>Reads and checks the file, and says what was in it.</summary>
    public static (EncryptionConfiguration Configuration, ReadOnlyMemory<byte> Content) Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new UserErrorException($"{path} does not exist.");
        }

        try
        {
            var content = File.ReadAllBytes(path);
            return (EncryptionConfigurationReader.Read(content), content);
        }
        catch (FormatException wrong)
        {
            throw new UserErrorException($"{path}: {wrong.Message}");
        }
    }

    /// <summary>
    /// Makes the file where there is none. What an earlier release wrote plain stays readable, and is encrypted when it
    /// is written next.
    /// </summary>
    public static void Ensure(string path)
    {
        if (File.Exists(path))
        {
            return;
        }

        OwnFiles.Write(
            path,
            $$"""
            # What PostgreSQL holds encrypted, and the keys: docs/encryption.md. Whoever restores a backup of the
            # database needs this file.
            apiVersion: apiserver.config.k8s.io/v1
            kind: EncryptionConfiguration
            resources:
            - resources: [secrets]
              providers:
              - aesgcm:
                  keys:
                  - name: key1
                    secret: {{Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes))}}
              - identity: {}

            """);
    }
}

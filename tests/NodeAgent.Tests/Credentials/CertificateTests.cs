using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CsCheck;
using OrleansOrchestrator.NodeAgent.Credentials;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Credentials;

public sealed class CertificateTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("certificates");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_certificate_is_replaced_between_seven_and_nine_tenths_of_its_life() => Gen.Select(
        Gen.Int[1, 1_000_000], Gen.Double[0, 1]).Check((seconds, chance) =>
        {
            var from = DateTimeOffset.UnixEpoch;
            var deadline = RotationTimes.Deadline(from, from.AddSeconds(seconds), chance);
            Assert.InRange((deadline - from).TotalSeconds, (seconds * 0.7) - 0.001, (seconds * 0.9) + 0.001);
        });

    [Fact]
    public void The_file_holds_certificate_and_key_and_nobody_else_reads_it()
    {
        var file = File("pki/node.pem");
        Assert.Null(file.Load());
        var (certificate, key) = Issue("n");
        file.Replace(certificate, key);
        Assert.True(file.Current!.HasPrivateKey);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(file.Path));
        Assert.Equal(file.Current.Thumbprint, File("pki/node.pem").Load()!.Thumbprint);
    }

    [Fact]
    public void A_file_that_is_broken_is_none_and_is_not_put_there()
    {
        var file = File("node.pem");
        System.IO.File.WriteAllText(file.Path, "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n");
        Assert.Null(file.Load());
        var (certificate, key) = Issue("n");
        file.Replace(certificate, key);
        Assert.ThrowsAny<Exception>(() => file.Replace(certificate, Issue("n").Key));
        Assert.NotNull(File("node.pem").Load());
    }

    [Fact]
    public void The_first_request_of_a_key_has_one_name()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var wish = CertificateWish.Client("n");
        Assert.Equal(wish.FirstName(key), wish.FirstName(key));
        Assert.NotEqual(wish.FirstName(key), wish.FirstName(other));
        Assert.NotEqual(wish.FirstName(key), CertificateWish.Client("m").FirstName(key));
        Assert.Matches("^node-csr-[A-Za-z0-9_-]+$", wish.FirstName(key));
    }

    private CertificateFile File(string name) => new(Path.Combine(_directory.FullName, name));

    private static (string Certificate, string Key) Issue(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now, now.AddDays(1));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}

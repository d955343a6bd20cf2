using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>A file that leads to the cluster is its owner's; one that does not is of no use to anybody.</summary>
public sealed class KubeconfigTests : IDisposable
{
    private const string Server = "https://127.0.0.1:6443";
    private const string Authority = "the authority";
    private const string User = "kubernetes-admin";

    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset End = Now.AddDays(365);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-kubeconfig-");
    private readonly string _path;

    public KubeconfigTests()
    {
        _path = Path.Combine(_directory.FullName, "admin.conf");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={User}", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(Now.AddDays(-1), End);
        Kubeconfig.Write(
            _path, Server, Authority, User, certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void What_was_written_is_good() => Assert.True(IsGood());

    [Fact]
    public void What_the_owner_has_added_keeps_it_good()
    {
        var text = File.ReadAllText(_path)
            .Replace("    cluster: orc\n", "    cluster: orc\n    namespace: mine\n", StringComparison.Ordinal)
            .Replace("contexts:\n", "contexts:\n- name: other\n  context: { cluster: other, user: me }\n", StringComparison.Ordinal)
            .Replace($"current-context: {User}@orc", "current-context: other", StringComparison.Ordinal);
        File.WriteAllText(_path, text);

        Assert.True(IsGood());
    }

    [Theory]
    [InlineData("https://127.0.0.1:7443", Authority, User, 0)]
    [InlineData(Server, "another authority", User, 0)]
    [InlineData(Server, Authority, "somebody", 0)]
    [InlineData(Server, Authority, User, 365)]
    public void What_leads_elsewhere_or_not_much_longer_is_not(string server, string authority, string user, int days) =>
        Assert.False(Kubeconfig.IsGood(_path, server, authority, user, Now.AddDays(days)));

    [Theory]
    [InlineData("", "")]
    [InlineData("contexts:", "contexts: [")]
    [InlineData("client-certificate-data: ", "client-certificate-data: !")]
    [InlineData("client-certificate-data: ", "username: ")]
    [InlineData("users:\n", "users: null\nmine:\n")]
    [InlineData("contexts:\n", "contexts: null\nmine:\n")]
    [InlineData("- name: kubernetes-admin@orc\n  context", "- context")]
    public void What_is_damaged_is_not(string what, string by)
    {
        var text = what.Length == 0 ? "" : File.ReadAllText(_path).Replace(what, by, StringComparison.Ordinal);
        File.WriteAllText(_path, text);

        Assert.False(IsGood());
    }

    [Fact]
    public void What_is_not_there_is_not()
    {
        File.Delete(_path);

        Assert.False(IsGood());
    }

    private bool IsGood() => Kubeconfig.IsGood(_path, Server, Authority, User, Now.AddDays(90));
}

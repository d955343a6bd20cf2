using OrleansOrchestrator.NodeAgent.Images;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Images;

/// <summary>Which programs are asked for credentials, and what is said of a configuration that cannot be.</summary>
public sealed class CredentialProviderFilesTests : IDisposable
{
    private const string Head = "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\n";

    private const string Good =
        "providers:\n- name: ecr\n  apiVersion: credentialprovider.kubelet.k8s.io/v1\n"
        + "  matchImages: ['*.example.com']\n  defaultCacheDuration: 10m\n";

    private const string Token = "  tokenAttributes:\n    serviceAccountTokenAudience: a\n";

    private readonly string _directory = Directory.CreateTempSubdirectory("orc-providers-").FullName;

    public CredentialProviderFilesTests() => MakeProgram("ecr");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    public static TheoryData<string, string> Wrong => new()
    {
        { "providers: []\n", "providers: Required value: at least 1 item in plugins is required" },
        {
            Good.Replace("ecr", "a/b", StringComparison.Ordinal),
            "providers.name: Invalid value: \"a/b\": provider name cannot contain '/'"
        },
        {
            Good.Replace("ecr", "..", StringComparison.Ordinal),
            "providers.name: Invalid value: \"..\": provider name cannot be '..'"
        },
        { Good.Replace("ecr", "a b", StringComparison.Ordinal), "provider name cannot contain spaces" },
        {
            Good.Replace("io/v1", "io/v2", StringComparison.Ordinal),
            "providers.apiVersion: Unsupported value: \"credentialprovider.kubelet.k8s.io/v2\": supported values: "
            + "\"credentialprovider.kubelet.k8s.io/v1\", \"credentialprovider.kubelet.k8s.io/v1alpha1\", "
            + "\"credentialprovider.kubelet.k8s.io/v1beta1\""
        },
        {
            Good.Replace("['*.example.com']", "[]", StringComparison.Ordinal),
            "providers.matchImages: Required value: at least 1 item in matchImages is required"
        },
        {
            Good.Replace("*.example", "%invalid", StringComparison.Ordinal),
            "match image is invalid: parse \"https://%invalid.com\": invalid URL escape \"%in\""
        },
        {
            Good.Replace("10m", "-1m", StringComparison.Ordinal),
            "providers.defaultCacheDuration: Invalid value: \"-1m0s\": defaultCacheDuration must be greater than or "
            + "equal to 0"
        },
        {
            Good.Replace("  defaultCacheDuration: 10m\n", "", StringComparison.Ordinal),
            "providers.defaultCacheDuration: Required value"
        },
        { Good + Token, "providers.tokenAttributes.requireServiceAccount: Required value" },
        {
            Good + Token,
            "providers.tokenAttributes.cacheType: Required value: cacheType is required to be set when "
            + "tokenAttributes is specified. Supported values are: ServiceAccount, Token"
        },
        {
            Good + Token + "    requireServiceAccount: false\n    cacheType: Token\n"
            + "    requiredServiceAccountAnnotationKeys: [k]\n",
            "requireServiceAccount cannot be false when requiredServiceAccountAnnotationKeys is set"
        },
        {
            Good + Token + "    requireServiceAccount: true\n    cacheType: Token\n"
            + "    requiredServiceAccountAnnotationKeys: [k]\n    optionalServiceAccountAnnotationKeys: [k]\n",
            "providers.tokenAttributes: Invalid value: [\"k\"]: annotation keys cannot be both required and optional"
        },
        {
            Good.Replace("io/v1", "io/v1beta1", StringComparison.Ordinal) + Token
            + "    requireServiceAccount: true\n    cacheType: Token\n",
            "tokenAttributes is only supported for credentialprovider.kubelet.k8s.io/v1 API version"
        },
        { Good + "  typo: 1\n", "no such field" },
        { Good + Good["providers:\n".Length..], "duplicate provider name \"ecr\" found in configuration file(s)" },
        { Good.Replace("ecr", "other", StringComparison.Ordinal), "plugin binary executable " },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_cannot_be_is_told_in_upstreams_words(string text, string expected)
    {
        var problem = Assert.Throws<FormatException>(() => Read(Head + text)).Message;
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kind: Pod\napiVersion: v1\n", "no kind \"Pod\" is registered for version \"v1\"")]
    [InlineData("a: [\n", "error decoding config ")]
    public void Another_file_is_none(string text, string expected) => Assert.Contains(
        expected, Assert.Throws<FormatException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_or_a_directory_of_files_says_who_is_asked()
    {
        Assert.Equal("ecr", Assert.Single(Read(Head + Good)).Name);

        MakeProgram("acr");
        var files = Directory.CreateDirectory(Path.Combine(_directory, "files")).FullName;
        Assert.Contains(
            "no configuration files found in directory",
            Assert.Throws<FormatException>(() => CredentialProviderFiles.Read(files, _directory)).Message,
            StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(files, "2.yaml"), Head + Good);
        File.WriteAllText(
            Path.Combine(files, "1.json"),
            """
            {"apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig", "providers": [{"name": "acr",
             "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "matchImages": ["r.io"], "defaultCacheDuration": "0s"}]}
            """);
        File.WriteAllText(Path.Combine(files, "3.txt"), "nothing");

        Assert.Equal(["acr", "ecr"], CredentialProviderFiles.Read(files, _directory).Select(static p => p.Name));
    }

    [Fact]
    public void The_directory_of_the_programs_must_be_there() => Assert.Equal(
        "plugin binary directory /no/such did not exist",
        Assert.Throws<FormatException>(() => CredentialProviderFiles.Read(_directory, "/no/such")).Message);

    private IReadOnlyList<CredentialProvider> Read(string text)
    {
        var path = Path.Combine(_directory, "config.yaml");
        File.WriteAllText(path, text);
        return CredentialProviderFiles.Read(path, _directory);
    }

    private void MakeProgram(string name)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, "#!/bin/sh\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}

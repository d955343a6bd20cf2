using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>The form of <c>--tls-sni-cert-key</c>: the rows of upstream's <c>TestNamedCertKeyArrayFlag</c>.</summary>
public sealed class NamedCertificateFilesTests
{
    [Theory]
    [InlineData("foo.crt,foo.key", "foo.crt", "foo.key")]
    [InlineData("  foo.crt , foo.key    ", "foo.crt", "foo.key")]
    [InlineData("foo.crt,foo.key:abc", "foo.crt", "foo.key", "abc")]
    [InlineData("foo.crt,foo.key: abc  ", "foo.crt", "foo.key", "abc")]
    [InlineData("foo.crt,foo.key:abc,def, ghi", "foo.crt", "foo.key", "abc", "def", "ghi")]
    [InlineData("foo.crt,foo.key:*.*.*", "foo.crt", "foo.key", "*.*.*")]
    [InlineData("foo.crt,foo.key:fd00::1", "foo.crt", "foo.key", "fd00::1")]
    public void Files_and_names_are_read(string text, string certificate, string key, params string[] names)
    {
        var files = NamedCertificateFiles.Parse(text);

        Assert.Equal((certificate, key), (files.CertificateFile, files.KeyFile));
        Assert.Equal(names, files.Names);
        Assert.Equal(files.ToString(), NamedCertificateFiles.Parse(files.ToString()).ToString());
    }

    [Theory]
    [InlineData("foo.crt,foo.key:", "empty names list is not allowed")]
    [InlineData("", "expected comma separated certificate and key file paths")]
    [InlineData("   ", "expected comma separated certificate and key file paths")]
    [InlineData("a,b,c", "expected comma separated certificate and key file paths")]
    public void What_is_no_pair_is_refused(string text, string why)
    {
        var error = Assert.Throws<UserErrorException>(() => NamedCertificateFiles.Parse(text));

        Assert.Equal($"invalid argument \"{text}\" for \"--tls-sni-cert-key\" flag: {why}", error.Message);
    }

    [Theory]
    [InlineData("/a,b")]
    [InlineData("/a:b")]
    public void A_directory_that_would_split_the_list_is_refused(string directory)
    {
        var error = Assert.Throws<UserErrorException>(
            () => NamedCertificateFiles.Parse("foo.crt,foo.key").From(directory));

        Assert.Contains($"\"{directory}\" has a comma or colon in its name", error.Message, StringComparison.Ordinal);
    }
}

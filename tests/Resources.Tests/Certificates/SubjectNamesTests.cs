using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Resources.Certificates;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Certificates;

/// <summary>What subjects say, in however few distinguished names they say it.</summary>
public sealed class SubjectNamesTests
{
    private const string UidOid = "1.3.6.1.4.1.57683.2";

    [Theory]
    [InlineData("CN=alice,O=b,O=a", "alice", "b a")]
    [InlineData("CN=alice+O=a", "alice", "a")]
    [InlineData("O=c,CN=alice+O=a+O=b", "alice", "c a b")]
    [InlineData("CN=alice,CN=bob", "bob", "")]
    [InlineData("O=a", "", "a")]
    [InlineData("OU=a", "", "")]
    public void EveryAttributeCountsInOrder(string subject, string name, string organizations)
    {
        var names = Subject([.. subject.Split(',').Select(static part => part.Split('+').Select(Attribute).ToArray())]);

        Assert.Equal(name, SubjectNames.CommonName(names));
        Assert.Equal(
            organizations.Split(' ', StringSplitOptions.RemoveEmptyEntries), SubjectNames.Organizations(names));
        Assert.Equal("", SubjectNames.Uid(names));

        static (string, UniversalTagNumber, string) Attribute(string text) => (
            text.Split('=')[0] switch { "CN" => "2.5.4.3", "O" => "2.5.4.10", _ => "2.5.4.11" },
            UniversalTagNumber.UTF8String, text.Split('=')[1]);
    }

    [Theory]
    [InlineData(UniversalTagNumber.UTF8String, "über")]
    [InlineData(UniversalTagNumber.PrintableString, "plain")]
    [InlineData(UniversalTagNumber.IA5String, "a@b")]
    [InlineData(UniversalTagNumber.BMPString, "über")]
    public void AllFormsOfTextsAreRead(UniversalTagNumber form, string text) =>
        Assert.Equal([text], SubjectNames.Organizations(Subject(("2.5.4.10", form, text))));

    [Fact]
    public void WhatIsNoTextIsNoName() => Assert.Equal(
        (0, ""), (SubjectNames.Organizations(Subject(("2.5.4.10", UniversalTagNumber.VisibleString, "a"))).Count,
            SubjectNames.CommonName(Subject(("2.5.4.3", UniversalTagNumber.VisibleString, "a")))));

    [Theory]
    [InlineData("7", "7")]
    [InlineData("7 8", null)]
    [InlineData("", null)]
    public void OneUidCounts(string uids, string? expected) => Assert.Equal(
        expected,
        SubjectNames.Uid(Subject([.. uids.Split(' ').Select(u => (UidOid, UniversalTagNumber.UTF8String, u))])));

    [Fact]
    public void AUidThatIsNoTextIsRefused() =>
        Assert.Null(SubjectNames.Uid(Subject((UidOid, UniversalTagNumber.VisibleString, "7"))));

    /// <summary>Attributes in one distinguished name each.</summary>
    private static X500DistinguishedName Subject(
        params (string Oid, UniversalTagNumber Form, string Text)[] attributes) =>
        Subject([.. attributes.Select(static a => new[] { a })]);

    private static X500DistinguishedName Subject((string Oid, UniversalTagNumber Form, string Text)[][] parts)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var part in parts)
            {
                using var set = writer.PushSetOf();
                foreach (var (oid, form, text) in part)
                {
                    using var attribute = writer.PushSequence();
                    writer.WriteObjectIdentifier(oid);
                    writer.WriteCharacterString(form, text);
                }
            }
        }

        return new X500DistinguishedName(writer.Encode());
    }
}

using Kola.Ignition;

namespace Kola.Tests.Ignition;

/// <summary>What is for coreos-cloudinit, and how the languages are told apart.</summary>
public sealed class UserDataTests
{
    [TestCase("{\"ignition\": {\"version\": \"3.3.0\"}}", ConfigKind.Ignition)]
    [TestCase("{\"ignition\": {\"version\": \"2.3.0\"}}", ConfigKind.LegacyIgnition)]
    [TestCase("{\"ignitionVersion\": 1}", ConfigKind.LegacyIgnition)]
    [TestCase("{\"variant\": \"flatcar\", \"version\": \"1.0.0\"}", ConfigKind.Butane)]
    [TestCase("{variant: flatcar, version: 1.0.0}", ConfigKind.Butane)]
    [TestCase("# a comment\nvariant: flatcar\n", ConfigKind.Butane)]
    [TestCase("variant: [\n", ConfigKind.Butane)]
    [TestCase("{\"ignition\": ", ConfigKind.Ignition)]
    [TestCase("#cloud-config\n", ConfigKind.UserData)]
    [TestCase("#!/bin/bash\n", ConfigKind.UserData)]
    [TestCase("MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"a\"\r\n\r\n--a\r\n", ConfigKind.UserData)]
    public void The_language_is_told(string text, ConfigKind kind) => Assert.That(ConfigKinds.Of(text), Is.EqualTo(kind));

    [TestCase("", "the config is empty")]
    [TestCase(" \n", "the config is empty")]
    [TestCase("etcd:\n  name: a\nstorage:\n  files: []\n", "a Container Linux Config")]
    [TestCase("vriant: flatcar\n", "vriant is near it")]
    [TestCase("[1, 2]", "no config of any language")]
    [TestCase("a: b: c\n", "neither JSON nor YAML: 1:")]
    public void What_is_none_is_told_why(string text, string why) => Assert.That(() => ConfigKinds.Of(text), Throws.TypeOf<UsageException>().With.Message.Contains(why).And.Message.Contains("wanted:"));

    [TestCase("#cloud-config\n", "")]
    [TestCase("#cloud-config\nhostname: a\nwrite-files: []\ncoreos:\n  units: []\n", "")]
    [TestCase("#cloud-config\nhostnam: a\ncoreos:\n  unit: []\n", "x:2:1: warning at $.hostnam: unrecognized key \"hostnam\"\nx:4:3: warning at $.coreos.unit: unrecognized key \"unit\"")]
    [TestCase("#cloud-config\n- a\n", "x:2:1: error at $: a cloud-config is a map")]
    [TestCase("#!/bin/sh\n", "")]
    [TestCase("#! bash\n", "x:1:1: error at $: the script names no interpreter")]
    [TestCase("Content-Type: multipart/mixed; boundary=\"a\"\n\n--a\nContent-Type: text/cloud-config\n\n#cloud-config\nhostnam: a\n--a\nContent-Type: text/x-shellscript\n\n#!sh\n--a--\n", "x:7:1: warning at $.0.hostnam: unrecognized key \"hostnam\"\nx:11:1: error at $.1: the script names no interpreter")]
    [TestCase("Content-Type: multipart/mixed; boundary=\"a\"\n\n--a\n\n#!/bin/sh\n", "x:6:1: error at $: the last part does not end with --a--")]
    [TestCase("Content-Type: multipart/mixed\n\n--a\n", "x:1:1: error at $: several parts without a boundary between them")]
    public void User_data_is_looked_at(string text, string told) => Assert.That(string.Join('\n', UserData.Check(text).Select(p => p.Describe("x"))), Is.EqualTo(told));
}
